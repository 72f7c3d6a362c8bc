from dataclasses import replace

import numpy as np

from genlab.report.figures.ranking import draw_ranking
from genlab.statistics.ranking import rank_measures
from genlab.statistics.table import Zoo
from tests.statistics.examples import zoo


def ranked(**more):
    found = zoo(np.random.default_rng(41))
    measures = found.measures | {"constant": np.ones(len(found.values))} | more
    return rank_measures(Zoo("gap", found.values, found.hyperparameters, found.settings, found.seeds, measures))


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


def test_a_panel_without_sign_errors_says_why():
    measures = ranked()
    assert not draw_ranking(measures, "gap", "bars").axes[3].texts
    without = [replace(one, sign_errors=None) for one in measures]
    assert "too few pairs" in draw_ranking(without, "gap", "bars").axes[3].texts[0].get_text()


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
