import itertools

import numpy as np
import pytest

from genlab.statistics.resampling import bootstrap_interval, draw_blocks
from tests.references.resampling import every_resample, quantile


def mean(drawn):
    return sum(drawn) / len(drawn)


def of_mean(values, **options):
    """The interval of the mean of one value a block."""
    return bootstrap_interval(lambda counts: counts @ np.array(values) / len(values), len(values), **options)


def generator(seed=3):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0], [0.0, 5.0, 1.0, 9.0], [1.0, 1.5, 0.2, -3.0, 8.0]])
def test_the_interval_of_a_mean_is_that_of_all_resamples(values):
    ordered = every_resample(values, mean)
    found = of_mean(values, generator=generator(), resamples=100_000)
    neighbours = max(b - a for a, b in itertools.pairwise(sorted(set(ordered))))
    assert found.low == pytest.approx(quantile(ordered, 0.025), abs=neighbours / 2)
    assert found.high == pytest.approx(quantile(ordered, 0.975), abs=neighbours / 2)


def test_of_three_values_the_interval_is_the_smallest_and_the_largest():
    found = of_mean([0.3, -0.1, 0.7], generator=generator())
    assert (found.low, found.high) == pytest.approx((-0.1, 0.7))


def test_equal_values_have_an_interval_without_width():
    found = of_mean(np.full(3, 0.1), generator=generator())
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


def test_blocks_are_drawn_as_often_as_there_are_blocks_and_evenly():
    counts = draw_blocks(4, 20_000, generator=generator())
    assert (counts.sum(axis=1) == 4).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(4), abs=0.03)
    # with replacement: a block is left out of a resample with probability (3/4)^4
    assert (counts == 0).mean() == pytest.approx(0.75**4, abs=0.01)


@pytest.mark.parametrize(("blocks", "expected"), [(3, 0.75), (5, 0.84), (10, 0.90), (20, 0.93)])
def test_how_often_the_interval_holds_the_truth_is_what_the_docstring_says(blocks, expected):
    draws = generator(11)
    trials = 800
    samples = draws.standard_normal((trials, blocks))
    intervals = [of_mean(sample, generator=draws, resamples=1000) for sample in samples]
    held = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert held == pytest.approx(expected, abs=0.045)  # 3 standard errors of 800 trials


def test_resamples_without_a_value_are_left_out_and_counted():
    def only_with_the_first_block(counts):
        return np.where(counts[:, 0] > 0, 1.0, np.nan)

    found = bootstrap_interval(only_with_the_first_block, 3, generator=generator())
    assert (found.low, found.high) == (1, 1)
    assert found.undefined == pytest.approx((2 / 3) ** 3, abs=0.02)
    assert bootstrap_interval(lambda counts: np.full(len(counts), np.nan), 3, generator=generator()) is None


def test_the_same_generator_gives_the_same_interval():
    values = np.array([0.1, 0.5, 0.2, 0.9, 0.4])
    assert of_mean(values, generator=generator(1)) == of_mean(values, generator=generator(1))


@pytest.mark.parametrize(("blocks", "confidence", "resamples"), [(0, 0.95, 10), (3, 1.0, 10), (3, 0.95, 0)])
def test_what_cannot_be_resampled_is_refused(blocks, confidence, resamples):
    with pytest.raises(ValueError, match="no bootstrap"):
        bootstrap_interval(
            lambda counts: counts[:, 0] * 1.0, blocks, generator=generator(), confidence=confidence, resamples=resamples
        )
