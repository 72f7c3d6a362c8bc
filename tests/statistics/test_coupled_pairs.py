import itertools

import numpy as np

from genlab.statistics.coupled_pairs import coupled_pairs


def test_every_pair_that_differs_in_one_setting_is_there_once_with_its_axis():
    settings = np.random.default_rng(2).integers(0, 3, (25, 3))
    expected = {
        (i, j, next(a for a in range(3) if settings[i, a] != settings[j, a]))
        for i, j in itertools.combinations(range(25), 2)
        if sum(settings[i, a] != settings[j, a] for a in range(3)) == 1
    }
    found = coupled_pairs(settings)
    assert expected
    triples = list(zip(found.first.tolist(), found.second.tolist(), found.axis.tolist(), strict=True))
    assert len(triples) == len(expected)
    assert set(triples) == expected


def test_runs_that_differ_in_nothing_or_in_two_settings_are_no_pair():
    assert len(coupled_pairs(np.array([[0, 0], [0, 0], [1, 1]]))) == 0
    assert len(coupled_pairs(np.array([[0, 0]]))) == 0
