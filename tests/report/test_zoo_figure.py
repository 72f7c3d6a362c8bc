from dataclasses import replace

import numpy as np
import pytest

from genlab.report.zoo_figure import draw_ranking
from genlab.statistics.ranking import rank_measures
from genlab.statistics.sign_error import SignErrors
from genlab.statistics.table import Zoo
from tests.statistics.examples import zoo


def ranked(**more):
    found = zoo(np.random.default_rng(41))
    measures = found.measures | {"constant": np.ones(len(found.values))} | more
    return rank_measures(
        Zoo("gap", found.values, found.hyperparameters, found.settings, found.seeds, measures), least_pairs=1
    )


def line(axes, label):
    return next(found for found in axes.lines if found.get_label() == label)


def test_every_measure_with_statistics_has_a_row_in_the_order_given():
    measures = ranked()
    figure = draw_ranking(measures, "gap", "bars")
    taus, by_axis, scores, errors = figure.axes[:4]
    assert [label.get_text() for label in taus.get_yticklabels()] == [one.measure for one in measures[:2]]
    assert line(taus, "tau, all pairs").get_xdata().tolist() == [one.tau for one in measures[:2]]
    assert line(taus, "Psi, one setting apart").get_xdata().tolist() == [one.psi for one in measures[:2]]
    grid = by_axis.images[0].get_array()
    np.testing.assert_allclose(grid, [list(one.psi_by.values()) for one in measures[:2]])
    assert scores.lines[-1].get_xdata().tolist() == [one.cmi for one in measures[:2]]
    spans = [list(found.get_xdata()) for found in errors.lines[1:] if len(found.get_xdata()) == 2]
    assert spans == [[one.sign_errors.quantile(0.5), one.sign_errors.quantile(1.0)] for one in measures[:2]]
    assert taus.get_ylim()[0] > taus.get_ylim()[1], "the first one stands on top"


def reason(measures, test_images=None):
    (text,) = draw_ranking(measures, "gap", "bars", test_images).axes[3].texts
    return text.get_text().replace("\n", " ")


def without_errors(measures, left_out):
    none = SignErrors(np.zeros(0), np.zeros(0, dtype=int), left_out, 9)
    return [replace(one, sign_errors=none) for one in measures]


def test_a_panel_without_sign_errors_says_why():
    measures = ranked()
    assert not draw_ranking(measures, "gap", "bars").axes[3].texts
    assert reason(without_errors(measures, 3), test_images=100) == "the test images tell too few pairs apart"
    assert reason(without_errors(measures, 3)).startswith("too few pairs one setting apart have values")
    assert reason(without_errors(measures, 0), test_images=100) == "no two configurations are one setting apart"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [1, 2])
def test_few_measures_without_sign_errors_and_with_long_names_have_room(rows):
    long = "training.optimiser.learning_rate_of_the_last_of_many_layers"
    measures = [
        replace(one, psi_by={long: 0.5, "b": None})
        for one in without_errors(ranked(), left_out=5)
        if one.tau is not None
    ][:rows]
    figure = draw_ranking(measures, "gap", "Bars: intervals.")
    figure.draw_without_rendering()
    panel = figure.axes[3].get_window_extent()
    text = figure.axes[3].texts[0].get_window_extent()
    assert panel.height / figure.dpi > 0.7
    assert text.height < panel.height
    assert text.width < panel.width


def test_intervals_are_bars_at_the_row_of_their_measure():
    measures = ranked()
    taus = draw_ranking(measures, "gap", "bars").axes[0]
    spans = [list(found.get_xdata()) for found in taus.lines]
    for one in measures[:2]:
        assert [one.tau_interval.low, one.tau_interval.high] in spans
        assert [one.psi_interval.low, one.psi_interval.high] in spans


def test_without_any_statistics_it_is_drawn_all_the_same():
    found = zoo(np.random.default_rng(41))
    alone = Zoo("g$p_", found.values, ("a",), found.settings[:, :1], found.seeds, {"c": np.ones(len(found.values))})
    draw_ranking(rank_measures(alone), "g$p_", "bars").draw_without_rendering()
    assert draw_ranking([], "gap", "bars").axes[0].texts[0].get_text() == "no values yet"
