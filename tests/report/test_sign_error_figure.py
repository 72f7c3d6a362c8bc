from dataclasses import replace

import numpy as np
import pytest

from genlab.report.sign_error_figure import STEPS, beyond, draw_sign_errors
from genlab.statistics.ranking import rank_measures
from genlab.statistics.sign_error import SignErrors
from genlab.statistics.table import Zoo
from tests.statistics.examples import zoo


def ranked(**options):
    found = zoo(np.random.default_rng(42), seeds=4)
    measures = found.measures | {"worse": -found.values, "constant": np.ones(len(found.values)), "best": found.values}
    kept = Zoo("gap", found.values, found.hyperparameters, found.settings, found.seeds, measures)
    return {one.measure: one for one in rank_measures(kept, **options)}


def marks(axes):
    """By label, the place along x of each row."""
    return {line.get_label(): line.get_xdata() for line in axes.lines if not line.get_label().startswith("_")}


def test_measures_stand_by_rising_mean_in_a_panel_for_all_and_one_a_hyperparameter():
    measures = ranked()
    axes = draw_sign_errors(list(measures.values())).axes
    names = [label.get_text() for label in axes[0].get_yticklabels()]
    assert (names[0], names[-1], "constant" in names) == ("best", "worse", False)
    assert [panel.get_title().split("\n")[0] for panel in axes] == ["all", "axis0", "axis1", "axis2"]
    assert axes[0].get_title().split("\n")[1] == f"({len(measures['noisy'].sign_errors.values)})"
    assert axes[0].get_ylim()[0] > axes[0].get_ylim()[1], "the first one stands on top"
    for panel, axis in zip(axes, (None, 0, 1, 2), strict=True):
        shown = [measures[name].sign_errors for name in names]
        shown = shown if axis is None else [errors.along(axis) for errors in shown]
        np.testing.assert_allclose(marks(panel)["mean"], [errors.mean for errors in shown])
        np.testing.assert_allclose(marks(panel)["90th percentile"], [errors.quantile(0.9) for errors in shown])
        np.testing.assert_allclose(marks(panel)["worst"], [errors.quantile(1.0) for errors in shown])
        np.testing.assert_allclose(panel.images[0].get_array(), [beyond(errors.values) for errors in shown])


def test_a_shade_is_the_part_of_the_environments_with_a_larger_error():
    shade = beyond(np.array([1.0, 0.0, 0.5, 0.5]))
    assert shade.shape == (STEPS,)
    assert (shade[0], shade[STEPS // 2 - 1], shade[STEPS // 2], shade[-1]) == (0.75, 0.75, 0.25, 0.25)
    assert beyond(np.zeros(3)).max() == beyond(np.zeros(0)).max() == 0
    assert beyond(np.ones(3)).min() == 1


@pytest.mark.filterwarnings("error")
def test_it_is_drawn_without_errors_and_where_one_hyperparameter_has_none():
    for measures in ([], list(ranked(least_pairs=99).values())):
        figure = draw_sign_errors(measures)
        figure.draw_without_rendering()
        assert [text.get_text() for text in figure.axes[0].texts] == ["no values yet"]
    only_first = [replace(one, sign_errors=_of_first(one.sign_errors)) for one in ranked().values() if one.sign_errors]
    figure = draw_sign_errors(only_first)
    figure.draw_without_rendering()
    assert [text.get_text() for text in figure.axes[2].texts] == ["none"]


def _of_first(errors: SignErrors) -> SignErrors:
    return errors.along(0)
