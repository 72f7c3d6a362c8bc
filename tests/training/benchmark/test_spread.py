import statistics

import pytest

from genlab.training.benchmark.spread import Spread


def test_the_spread_of_some_values_in_any_order():
    values = [5.0, 1.0, 9.0, 2.0, 4.0, 8.0]
    found = Spread.of(values)
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    assert (found.n, found.min, found.max) == (6, 1, 9)
    assert (found.lower_quartile, found.median, found.upper_quartile) == pytest.approx((lower, median, upper))
    assert found.relative == pytest.approx((upper - lower) / median)


def test_one_value_has_no_spread():
    assert Spread.of([3.0]) == Spread(1, 3, 3, 3, 3, 3)
    assert Spread.of([3.0]).relative == 0
