import itertools

import numpy as np

from genlab.statistics.granulated import granulated_tau, seed_pairs
from genlab.statistics.repeats import numbered_repeats


def test_seeds_that_recur_are_the_numbers():
    settings = np.repeat([[0], [1]], 2, axis=0)
    numbers, notes = numbered_repeats(settings, np.array([0, 1, 1, 2]))
    assert numbers.tolist() == [0, 1, 1, 2]
    assert notes == []


def test_runs_that_agree_in_everything_are_told_apart_by_their_order():
    settings = np.repeat([[0], [1]], 3, axis=0)
    numbers, (note,) = numbered_repeats(settings, np.array([0, 0, 5, 0, 5, 5]))
    assert numbers.tolist() == [0, 1, 2, 0, 2, 3]
    assert note.startswith("2 runs agree with another")
    assert "1 run agrees" in numbered_repeats(settings, np.array([0, 0, 5, 0, 5, 6]))[1][0]


def test_where_every_run_has_its_own_seed_repeats_are_numbered_by_it_within_their_configuration():
    settings = np.repeat(np.array(list(itertools.product(range(2), repeat=3))), 3, axis=0)
    seeds = np.random.default_rng(31).permutation(24)
    numbers, (note,) = numbered_repeats(settings, seeds)
    for one in range(8):
        own = slice(3 * one, 3 * one + 3)
        assert sorted(zip(seeds[own], numbers[own], strict=True)) == list(
            zip(sorted(seeds[own]), range(3), strict=True)
        )
    assert note.startswith("No seed is used for two combinations")
    target = settings.sum(axis=1).astype(float)
    by_axis = granulated_tau(target, target, seed_pairs(settings, numbers))
    assert by_axis.tolist() == [[1, 1, 1]]
