"""On functions whose mean crosses the level at a known place."""

import math

import numpy as np
import pytest

from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.noisy_bisection import NoisyBisection

ROOT = 0.037


class Family:
    """Function k is c tanh(a_k x^2): rising, all different; the mean over k crosses c tanh-mean at a known x."""

    def __init__(self, seed, noise=0.3):
        rng = np.random.default_rng(seed)
        self.factors = np.exp(noise * rng.standard_normal(512))
        self.calls = []

    def __call__(self, number, x):
        self.calls.append((number, x))
        return float(np.tanh(0.1 * self.factors[number] * (x / ROOT) ** 2))


def level_of(noise=0.3):
    """The mean of tanh(0.1 e^{noise z}) over normal z, by quadrature: what the mean is at ROOT."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return float(np.sum(weights * np.tanh(0.1 * np.exp(noise * nodes))) / np.sum(weights))


def search(family, count=64, relative_error=0.01, spread=0.01):
    return NoisyBisection(family, level_of(), count=count, relative_error=relative_error, spread=spread)


@pytest.mark.parametrize("start", [0.03, 1e-4, 3.0])
def test_the_crossing_is_found_from_near_and_far(start):
    found = search(Family(0)).run(start)
    assert abs(found.x - ROOT) < 3 * found.standard_error
    assert found.standard_error < 0.05 * ROOT


def test_the_standard_error_is_the_spread_of_searches_with_other_functions():
    found = [search(Family(seed), count=32).run(0.02) for seed in range(200)]
    off = np.array([(one.x - ROOT) / one.standard_error for one in found])
    assert np.mean(np.abs(off) < 2) > 0.9
    assert 0.85 < off.std() < 1.25
    assert abs(off.mean()) < 0.25


def test_the_crossing_is_that_of_the_mean_over_all_functions_whatever_was_decided_early():
    """Against a plain bisection on all of them; an early decision that was wrong moves it by nothing."""
    for seed in range(30):
        family = Family(seed, noise=1.0)
        found = NoisyBisection(family, 0.1, count=32, relative_error=1.0, spread=0.0).run(0.02)
        low, high = 1e-4, 10.0
        for _ in range(100):
            middle = math.sqrt(low * high)
            mean = np.mean([family(k, middle) for k in range(32)])
            low, high = (low, middle) if mean > 0.1 else (middle, high)
        assert found.x == pytest.approx(low, rel=5e-3)


def test_functions_are_added_until_the_error_is_small_enough():
    few = search(Family(1), count=512, relative_error=0.2).run(0.02)
    many = search(Family(1), count=512, relative_error=0.008).run(0.02)
    assert (few.count, many.count) == (32, 512) or few.count < many.count
    assert many.standard_error < 0.008 * many.x
    assert search(Family(1), count=40, relative_error=1e-9).run(0.02).count == 40


def test_what_is_clear_takes_few_functions_and_none_is_computed_twice():
    family = Family(2)
    found = search(family, count=32).run(1.0)
    assert len(family.calls) == len(set(family.calls)) == sum(trial.count for trial in found.trials)
    assert found.trials[-1].count == 4
    assert [trial.x for trial in found.trials] == sorted(trial.x for trial in found.trials)


def test_the_first_few_values_being_alike_decides_nothing():
    """All of the first four are 0 where the mean is above the level: the spread that must be there is heeded."""

    def rare(number, x):
        return float(number % 8 == 7) * min(1.0, x)

    found = NoisyBisection(rare, 0.1, count=32, relative_error=1.0, spread=0.3).run(0.1)
    assert found.x == pytest.approx(0.8, rel=0.02)


@pytest.mark.parametrize(("value", "words"), [(0.0, "only 0"), (0.5, "still 0.5")])
def test_no_crossing_has_a_reason(value, words):
    with pytest.raises(NotApplicable, match=words):
        NoisyBisection(lambda k, x: value, 0.1, count=8, relative_error=0.1, spread=0.01).run(1.0)


def test_a_standard_error_does_not_depend_on_numpy_types():
    found = search(Family(0)).run(0.02)
    assert {type(found.x), type(found.standard_error)} == {float}
