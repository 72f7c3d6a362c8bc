import math

import numpy as np
import pytest
from scipy import stats

from genlab.statistics.few_seeds import LEVEL, POWER, found_with_power, seed_mean


def values(seeds, draw=0):
    return np.random.default_rng([seeds, draw]).normal(0.3, 1.0, seeds)


@pytest.mark.parametrize("limit", [0.0, -0.4, 1.5])
@pytest.mark.parametrize("seeds", [2, 3, 5, 12])
def test_chances_are_those_of_scipys_one_sided_test(seeds, limit):
    for draw in range(5):
        x = values(seeds, draw)
        found = seed_mean(x)
        assert found.above(limit) == pytest.approx(stats.ttest_1samp(x, limit, alternative="greater").pvalue, rel=1e-9)
        assert found.below(limit) == pytest.approx(stats.ttest_1samp(x, limit, alternative="less").pvalue, rel=1e-9)


@pytest.mark.parametrize("seeds", [2, 3, 5, 12])
def test_each_end_of_the_interval_is_a_limit_of_95_percent(seeds):
    x = values(seeds)
    found = seed_mean(x)
    both = stats.ttest_1samp(x, 0.0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((both.low, both.high), rel=1e-9)
    assert found.above(found.low) == pytest.approx(LEVEL)
    assert found.below(found.high) == pytest.approx(LEVEL)
    assert (found.mean, found.spread, found.seeds) == (pytest.approx(x.mean()), pytest.approx(x.std(ddof=1)), seeds)


def test_by_hand():
    """0, 1 and 2 have the mean 1 and the standard error 1 / sqrt(3); t with 2 degrees of freedom is in closed form."""
    found = seed_mean([0.0, 1.0, 2.0])
    t = math.sqrt(3)
    assert found.above() == pytest.approx(0.5 - t / (2 * math.sqrt(2 + t**2)))
    t95 = 0.9 * math.sqrt(2 / (1 - 0.9**2))
    assert (found.low, found.high) == pytest.approx((1 - t95 / math.sqrt(3), 1 + t95 / math.sqrt(3)))


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_the_smallest_mean_is_found_in_4_of_5_repeats(seeds):
    draws = np.random.default_rng(seeds).normal(size=(40_000, seeds)) + found_with_power(seeds) / math.sqrt(seeds)
    found = stats.ttest_1samp(draws, 0.0, axis=1, alternative="greater").pvalue <= LEVEL
    assert found.mean() == pytest.approx(POWER, abs=4 * math.sqrt(0.8 * 0.2 / 40_000))


def test_the_smallest_mean_is_as_many_standard_errors_as_its_description_says():
    assert found_with_power(3) == pytest.approx(3.98, abs=0.005)
    assert found_with_power(5) == pytest.approx(3.04, abs=0.005)
    assert found_with_power(100_000) == pytest.approx(stats.norm.ppf(0.95) + stats.norm.ppf(0.8), abs=1e-3)
    x = values(5)
    assert seed_mean(x).smallest == pytest.approx(found_with_power(5) * x.std(ddof=1) / math.sqrt(5))


@pytest.mark.parametrize("same", [[0.1, 0.1, 0.1], [0.1 + 0.2, 0.3, 0.3], [1e9, 1e9 + 1e-7, 1e9]])
def test_seeds_that_differ_by_rounding_alone_have_no_spread_and_leave_no_doubt(same):
    found = seed_mean(same)
    assert (found.spread, found.smallest, found.low, found.high) == (0.0, 0.0, found.mean, found.mean)
    assert (found.above(), found.below()) == (0.0, 1.0)


def test_zeros_are_neither_above_nor_below_zero():
    found = seed_mean([0.0, 0.0, 0.0])
    assert (found.above(), found.below()) == (1.0, 1.0)


def test_a_small_spread_of_large_numbers_is_still_a_spread():
    assert seed_mean([1.0, 1.0 + 1e-9, 1.0]).spread == pytest.approx(1e-9 / math.sqrt(3), rel=1e-6)


@pytest.mark.parametrize("few", [[], [1.0], [1.0, math.nan], [1.0, math.inf, 2.0]])
def test_one_number_or_what_is_none_has_no_test(few):
    with pytest.raises(ValueError, match="two or more"):
        seed_mean(few)
