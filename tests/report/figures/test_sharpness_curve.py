import numpy as np
import pandas as pd
import pytest

from genlab.report.drawing.draw import draw
from tests.report.examples import figure
from tests.report.figures.examples import line

ALPHAS = 10 ** np.linspace(-4, -1, 13)
FIELDS = {"table": "measures/expected_sharpness", "x": "expected_sharpness", "y": ["kl"], "series": "labels"}


def curves(factors=None, sizes=(500,)):
    """Powers: expected sharpness (alpha/a)^2 and KL (b/alpha)^2, a and b of labels and seed."""
    factors = factors or {("true", 0): (0.01, 20), ("true", 1): (0.013, 20), ("random", 0): (0.01, 40)}
    rows = [
        {
            **{"id": f"{labels}{seed}{size}", "status": "finished", "seed": seed, "labels": labels, "size": size},
            **{"alpha": alpha, "kl": (b / alpha) ** 2 * size / 500, "expected_sharpness": (alpha / a) ** 2},
        }
        for (labels, seed), (a, b) in factors.items()
        for size in sizes
        for alpha in ALPHAS
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def drawn(table, axes=("labels", "size"), **fields):
    return draw(figure("sharpness_curve", **FIELDS | fields), lambda _: table, axes).axes[0]


def test_the_curve_of_one_run_goes_through_its_points():
    axes = drawn(curves())
    found = line(axes, "random")
    own = curves().query("labels == 'random'").sort_values("alpha")
    np.testing.assert_allclose(found.get_xdata(), own["expected_sharpness"], rtol=1e-12)
    np.testing.assert_allclose(found.get_ydata(), own["kl"], rtol=1e-12)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_curves_of_seeds_are_averaged_at_the_same_expected_sharpness_with_a_band():
    """KL is (b/a)^2 over the expected sharpness: the geometric mean over seeds is another such line, exactly."""
    axes = drawn(curves())
    found = line(axes, "true")
    x = found.get_xdata()
    assert x.min() == pytest.approx(0.01**2)
    assert x.max() == pytest.approx((0.1 / 0.013) ** 2)
    constants = (20 / 0.01) ** 2, (20 / 0.013) ** 2
    np.testing.assert_allclose(found.get_ydata(), np.sqrt(constants[0] * constants[1]) / x, rtol=1e-9)
    band = axes.collections[0].get_paths()[0].vertices
    at = band[np.isclose(band[:, 0], x[3], rtol=1e-12), 1]
    np.testing.assert_allclose(sorted({at.min(), at.max()}), sorted(np.array(constants) / x[3]), rtol=1e-9)


def test_a_rule_stands_where_nets_are_compared():
    axes = drawn(curves())
    assert list(line(axes, "_level").get_xdata()) == [0.05, 0.05]
    low, high = axes.get_xlim()
    assert low < 0.05 < high


def test_on_linear_axes_the_mean_is_the_arithmetic_one():
    values = {0: (1.0, 3.0), 1: (5.0, 9.0)}
    rows = [
        {"id": f"r{s}", "status": "finished", "seed": s, "x": float(k), "v": v}
        for s, many in values.items()
        for k, v in enumerate(many)
    ]
    axes = drawn(pd.DataFrame(rows), (), x="x", y=["v"], series=None, x_scale="linear", y_scale="linear")
    assert axes.lines[0].get_ydata().tolist() == [3.0, 6.0]


def test_an_axis_that_is_not_named_tells_lines_apart_though_no_two_runs_share_an_x():
    """Else the curves of two sizes of training set would be averaged as if they were seeds."""
    table = curves(sizes=(500, 1000))
    axes = drawn(table, series=None)
    shown = [found for found in axes.lines if not found.get_label().startswith("_")]
    assert len(shown) == 4
    axes = drawn(table, where={"size": 500})
    assert {found.get_label() for found in axes.lines} == {"true", "random", "_level"}


def test_points_below_zero_are_left_out_and_curves_without_a_common_x_have_no_line():
    table = curves({("true", 0): (0.01, 20), ("true", 1): (1e4, 20)})
    axes = drawn(table)
    assert len(line(axes, "true").get_xdata()) == 0
    axes.figure.draw_without_rendering()
    words = " ".join(text.get_text() for text in axes.figure.texts).replace("\n", " ")
    assert "share no x" in words
    table.loc[table["alpha"] < 1e-3, "expected_sharpness"] = -1e-9
    axes = drawn(table[table["seed"] == 0])
    assert line(axes, "true").get_xdata().min() == pytest.approx(0.01)
    words = " ".join(text.get_text() for text in axes.figure.texts).replace("\n", " ")
    assert "no place on a log axis" in words


def test_the_words_below_the_figure_fit_its_width():
    axes = drawn(curves())
    canvas = axes.figure
    canvas.draw_without_rendering()
    (note,) = [text for text in canvas.texts if "seeds" in text.get_text()]
    box = note.get_window_extent()
    assert 0 < box.x0 < box.x1 < canvas.bbox.width
