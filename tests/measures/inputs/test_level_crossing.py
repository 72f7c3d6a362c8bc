"""Against powers, whose curve is a straight line, and against the spread over repeated draws."""

import math

import numpy as np
import pytest

from genlab.measures.inputs.level_crossing import crossing


@pytest.mark.parametrize("power", [-3.0, -1.0, 0.5])
@pytest.mark.parametrize("level", [2.0, 3.3, 5.0])
def test_a_power_is_read_off_exactly(power, level):
    below, above = np.array([1.5, 2.5]), np.array([6.0, 4.0])
    found = crossing(level, below, above, 7 * 2.0**power, 7 * 5.0**power)
    assert found.value == pytest.approx(7 * level**power, rel=1e-12)


def test_where_the_lower_point_is_not_positive_the_line_is_in_x_itself():
    found = crossing(0.05, np.array([-0.02, -0.04]), np.array([0.1, 0.2]), 100.0, 10.0)
    t = (0.05 + 0.03) / (0.15 + 0.03)
    assert found.value == pytest.approx(100 * 10**-t, rel=1e-12)


@pytest.mark.parametrize(("low", "high"), [(0.03, 0.09), (0.045, 0.14), (-0.01, 0.2)])
@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_the_standard_error_is_the_spread_over_repeated_draws(low, high, shared):
    """With errors of the two points that have nothing in common, and with such that go up and down together."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(600):
        common, own = rng.standard_normal((1, 40)), rng.standard_normal((2, 40))
        errors = math.sqrt(shared) * common + math.sqrt(1 - shared) * own
        below, above = low + 0.02 * errors[0], high + 0.06 * errors[1]
        found.append(crossing(0.05, below, above, 3e7, 1e7))
    spread = np.std([each.value for each in found], ddof=1)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.1)


def test_draws_that_agree_have_no_error():
    assert crossing(0.05, np.full(5, 0.02), np.full(5, 0.1), 9.0, 3.0).standard_error == 0.0
