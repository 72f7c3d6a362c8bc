"""What each kind draws, read back from the artists."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer
from scipy.stats import kendalltau

from genlab.report.drawing.draw import KINDS, draw
from tests.report.examples import AXES, CORRUPTION, MEASURES, SIZE, SIZES, TEST_ERROR, figure, results

NORM = f"measure.{MEASURES[3]}"


def panel(tables, kind, **fields):
    return draw(figure(kind, **fields), tables.__getitem__, AXES).axes[0]


def line(axes, label):
    return next(found for found in axes.lines if found.get_label() == label)


def by_hand(column, corruption):
    """Means, lowest and highest over the seeds by size, by loops."""
    found = []
    for size in SIZES:
        values = [
            row[column]
            for row in results().to_dict("records")
            if row[SIZE] == size and row[CORRUPTION] == corruption and not np.isnan(row[column])
        ]
        found.append((sum(values) / len(values), min(values), max(values)))
    return np.array(found).T


@pytest.mark.parametrize("corruption", [0, 1])
def test_curves_go_through_the_means_over_seeds(tables, corruption):
    axes = panel(tables, "curves")
    mean, low, high = by_hand(TEST_ERROR, corruption)
    np.testing.assert_array_equal(line(axes, str(corruption)).get_xdata(), SIZES)
    np.testing.assert_allclose(line(axes, str(corruption)).get_ydata(), mean, rtol=1e-12)
    band = axes.collections[corruption].get_paths()[0].vertices
    for size, bottom, top in zip(SIZES, low, high, strict=True):
        at = band[band[:, 0] == size, 1]
        np.testing.assert_allclose((at.min(), at.max()), (bottom, top), rtol=1e-12)


def test_a_mean_of_fewer_seeds_is_dotted_and_hollow(tables):
    missing = results()[lambda t: t[NORM].isna()].iloc[0]
    axes = panel(tables, "curves", y=[NORM])
    solid = line(axes, str(int(missing[CORRUPTION])))
    at = SIZES.index(missing[SIZE])
    assert np.isnan(solid.get_ydata()).tolist() == [index == at for index in range(len(SIZES))]
    dotted = line(axes, "_fewer")
    assert (dotted.get_linestyle(), dotted.get_markerfacecolor()) == (":", "white")
    np.testing.assert_allclose(dotted.get_ydata(), by_hand(NORM, missing[CORRUPTION])[0], rtol=1e-12)


def test_points_are_all_runs_in_groups_with_series_side_by_side(tables):
    axes = panel(tables, "points")
    true_labels, random_labels = line(axes, "0"), line(axes, "1")
    assert len(true_labels.get_xdata()) == len(random_labels.get_xdata()) == 12
    assert set(np.round(true_labels.get_xdata())) == {0, 1, 2, 3}
    assert max(true_labels.get_xdata() - np.round(true_labels.get_xdata())) < 0
    assert min(random_labels.get_xdata() - np.round(random_labels.get_xdata())) > 0
    expected = results()[lambda t: t[CORRUPTION] == 0][TEST_ERROR]
    np.testing.assert_array_equal(np.sort(true_labels.get_ydata()), np.sort(expected))
    dashes = np.array([segment[0, 1] for segment in axes.collections[0].get_segments()])
    np.testing.assert_allclose(dashes, by_hand(TEST_ERROR, 0)[0], rtol=1e-12)


def test_points_without_x_are_grouped_by_series(tables):
    axes = panel(tables, "points", x=None)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1"]
    assert line(axes, "1").get_xdata().tolist() == [1] * 12


def test_a_histogram_has_the_part_of_each_series_in_each_bin(tables):
    axes = panel(tables, "histogram", x=None, where={SIZE: 500})
    for patch, corruption in zip(axes.patches, (0, 1), strict=True):
        values = results()[lambda t, c=corruption: (t[CORRUPTION] == c) & (t[SIZE] == 500)][TEST_ERROR]
        heights, edges, _ = patch.get_data()
        counted = [sum(low <= v < high for v in values) for low, high in itertools.pairwise(edges)]
        counted[-1] += sum(v == edges[-1] for v in values)
        np.testing.assert_allclose(heights, np.array(counted) / len(values))
        assert heights.sum() == pytest.approx(1)


def test_bins_of_a_histogram_are_equally_wide_on_its_log_axis():
    table = pd.DataFrame({"id": range(100), "status": "finished", "seed": range(100), "v": np.logspace(-3, 3, 100)})
    axes = panel({"results": table}, "histogram", x=None, series=None, y=["v"], x_scale="log")
    _, edges, _ = axes.patches[0].get_data()
    np.testing.assert_allclose(np.diff(np.log10(edges)), np.diff(np.log10(edges))[0])
    assert axes.get_xscale() == "log"


def test_a_spectrum_falls_by_rank_on_log_axes_averaged_over_seeds():
    values = {0: (1.0, 8.0, 2.0), 1: (6.0, 4.0)}
    rows = [{"id": f"r{s}", "status": "finished", "seed": s, "v": v} for s, many in values.items() for v in many]
    axes = panel({"results": pd.DataFrame(rows)}, "spectrum", x=None, series=None, y=["v"])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.lines[0].get_xdata().tolist() == [1, 2]
    assert axes.lines[0].get_ydata().tolist() == [7.0, 3.0]


def test_a_heat_map_has_a_cell_of_means_for_each_x_and_series(tables):
    axes = panel(tables, "heatmap")
    grid = axes.collections[0].get_array()
    np.testing.assert_allclose(grid, [by_hand(TEST_ERROR, corruption)[0] for corruption in (0, 1)], rtol=1e-12)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["500", "1000", "2000", "4000"]
    assert len(axes.texts) == 8
    assert axes.texts[0].get_text() == f"{100 * grid[0, 0]:.3g}"


def test_bars_reach_the_means_and_whiskers_the_extremes(tables):
    axes = panel(tables, "bars", y=[NORM], y_scale="log")
    assert axes.get_yscale() == "log"
    bars, whiskers = (
        [c for c in axes.containers if isinstance(c, ErrorbarContainer) is kind] for kind in (False, True)
    )
    for corruption in (0, 1):
        mean, low, high = by_hand(NORM, corruption)
        np.testing.assert_allclose([bar.get_height() for bar in bars[corruption]], mean, rtol=1e-12)
        reach = np.array(whiskers[corruption].lines[2][0].get_segments())[:, :, 1]
        np.testing.assert_allclose(reach, np.stack([low, high], axis=1), rtol=1e-9)


def test_a_scatter_has_a_marker_a_run_and_kendalls_tau(tables):
    axes = panel(tables, "scatter", x=NORM)
    both = results().dropna(subset=[NORM])
    assert sum(len(found.get_xdata()) for found in axes.lines) == len(both) == 23
    tau = kendalltau(both[NORM], both[TEST_ERROR]).statistic
    assert axes.texts[0].get_text() == f"τ = {tau:.2f}, n = 23"


def test_a_scatter_of_curves_joins_the_points_of_a_run_and_has_no_tau():
    rows = [
        {"id": run, "status": "finished", "seed": 0, "x": x, "v": x * scale}
        for run, scale in (("a", 1.0), ("b", 2.0))
        for x in (3.0, 1.0, 2.0)
    ]
    axes = panel({"results": pd.DataFrame(rows)}, "scatter", x="x", y=["v"], series=None)
    assert [found.get_xdata().tolist() for found in axes.lines] == [[1, 2, 3]] * 2
    assert [found.get_ydata().tolist() for found in axes.lines] == [[1, 2, 3], [2, 4, 6]]
    assert {found.get_linestyle() for found in axes.lines} == {"-"}
    assert not axes.texts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_every_kind_can_be_drawn_on_every_scale_with_values_below_zero(kind, scale):
    rows = [
        {"id": f"{s}{x}{c}", "status": "finished", "seed": s, "x": x, "c": c, "v": s - x + 0.5}
        for s in range(3)
        for x in range(3)
        for c in ("a", "b")
    ]
    tables = {"results": pd.DataFrame(rows)}
    config = figure(kind, x="x", series="c", y=["v"], x_scale=scale, y_scale=scale)
    draw(config, tables.__getitem__, ("x", "c")).draw_without_rendering()
