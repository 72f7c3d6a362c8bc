import tracemalloc

import numpy as np
import pytest

from genlab.statistics.granulated import Draws, granulated_tau, psi_of, seed_pairs
from tests.references import granulated as twin
from tests.statistics.examples import KINDS, rows, zoo


def taus(found, measure="noisy", draws=None):
    pairs = seed_pairs(found.settings, found.seeds)
    return granulated_tau(found.measures[measure], found.values, pairs, draws)


@pytest.mark.parametrize("kind", KINDS)
def test_every_psi_equals_the_twin(kind):
    found = zoo(np.random.default_rng(3), **KINDS[kind])
    by_axis = taus(found)[0]
    expected = [twin.psi(rows(found), axis) for axis in range(len(found.hyperparameters))]
    np.testing.assert_allclose(by_axis, expected, rtol=1e-12)
    np.testing.assert_allclose(psi_of(by_axis[None]), np.mean(expected), rtol=1e-12)


def test_by_hand():
    """Width and depth; the measure follows the target along width, and against it along depth in one of two groups."""
    settings = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    pairs = seed_pairs(settings, np.zeros(4, dtype=int))
    # target: depth always raises it, width too; measure: width raises it, depth raises it only in wide nets
    by_axis = granulated_tau(np.array([1.0, 0.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3, 0.4]), pairs)
    assert by_axis.tolist() == [[1.0, 0.0]]
    assert psi_of(by_axis).tolist() == [0.5]


def test_a_measure_that_only_knows_one_hyperparameter_has_no_psi_along_the_others():
    found = zoo(np.random.default_rng(4))
    by_axis = taus(found, "settings")[0]
    assert abs(by_axis[0]) > 0.5
    assert by_axis[1:].tolist() == [0, 0]


def test_runs_of_different_seeds_are_not_compared():
    settings = np.array([[0], [1], [0], [1]])
    x, y = np.array([0.0, 1.0, 10.0, 11.0]), np.array([0.0, 1.0, -10.0, -9.0])
    assert granulated_tau(x, y, seed_pairs(settings, np.array([0, 0, 1, 1]))).tolist() == [[1.0]]


def test_an_axis_along_which_no_two_runs_lie_has_no_psi_and_does_not_count():
    settings = np.array([[0, 0], [1, 0], [2, 0]])
    by_axis = granulated_tau(np.arange(3.0), np.arange(3.0), seed_pairs(settings, np.zeros(3, dtype=int)))
    assert by_axis[0, 0] == 1
    assert np.isnan(by_axis[0, 1])
    assert psi_of(by_axis).tolist() == [1]


def test_psi_of_resampled_seeds_is_that_of_the_seeds_really_repeated():
    found = zoo(np.random.default_rng(5), ties=True)
    counts = np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]])
    resampled = taus(found, draws=Draws(counts, found.seeds))
    for drawn, by_axis in zip(counts, resampled, strict=True):
        copies = [seed for seed, times in enumerate(drawn) for _ in range(times)]
        # each copy of a seed is a seed of its own
        repeated = [(s, new, x, y) for new, old in enumerate(copies) for s, seed, x, y in rows(found) if seed == old]
        np.testing.assert_allclose(by_axis, [twin.psi(repeated, axis) for axis in range(3)], rtol=1e-12)


def test_a_resample_without_one_of_two_runs_lacks_their_group():
    settings = np.array([[0], [1]])
    pairs = seed_pairs(settings, np.zeros(2, dtype=int))
    draws = Draws(np.array([[1, 1], [2, 0]]), np.array([0, 1]))
    by_axis = granulated_tau(np.array([0.0, 1.0]), np.array([0.0, 1.0]), pairs, draws)
    assert by_axis[0] == 1
    assert np.isnan(by_axis[1])


def test_summing_in_parts_changes_no_number(monkeypatch):
    found = zoo(np.random.default_rng(32))
    draws = Draws(np.random.default_rng(33).multinomial(36, np.full(36, 1 / 36), size=7), np.arange(36))
    whole = taus(found, draws=draws)
    monkeypatch.setattr("genlab.statistics.granulated.MOST_WEIGHTS", 20)
    np.testing.assert_allclose(taus(found, draws=draws), whole, rtol=1e-12)


def test_many_values_of_one_hyperparameter_take_little_memory():
    """600 runs make 180,000 pairs, whose weights in 500 resamples would be 720 MB."""
    settings, x = np.arange(600)[:, None], np.random.default_rng(34).normal(size=600)
    pairs = seed_pairs(settings, np.zeros(600, dtype=int))
    draws = Draws(np.ones((500, 600), dtype=int), np.arange(600))
    tracemalloc.start()
    by_axis = granulated_tau(x, x, pairs, draws)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert by_axis.tolist() == [[1]] * 500
    assert peak < 150e6
