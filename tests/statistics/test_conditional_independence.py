import itertools
import tracemalloc

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from genlab.statistics.conditional_independence import conditional_scores, conditions, score_of
from tests.references import conditional_independence as twin
from tests.statistics.examples import KINDS, rows, zoo


def scores(found, measure="noisy", counts=None, **options):
    return conditional_scores(found.measures[measure], found.values, conditions(found.settings, **options), counts)


@pytest.mark.parametrize("kind", KINDS)
def test_the_score_of_every_set_equals_the_twin(kind):
    found = zoo(np.random.default_rng(6), **KINDS[kind])
    given = conditions(found.settings)
    computed = scores(found)
    for s, score in zip(given.sets, computed[0], strict=True):
        assert score == pytest.approx(twin.score(rows(found), s), abs=1e-12, nan_ok=True)
    assert score_of(computed)[0] == pytest.approx(
        twin.smallest_score(rows(found), len(found.hyperparameters)), abs=1e-9
    )


def test_all_sets_of_two_at_most_are_given_but_not_all_hyperparameters():
    found = zoo(np.random.default_rng(6))
    assert conditions(found.settings).sets == ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
    assert conditions(found.settings[:, :2]).sets == ((), (0,), (1,))
    assert conditions(found.settings[:, :1]).sets == ((),)


def test_with_nothing_given_it_is_the_mutual_information_of_the_signs_over_their_entropy():
    found = zoo(np.random.default_rng(7))
    x, y = found.measures["noisy"], found.values
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in itertools.permutations(range(len(x)), 2)]
    in_x, in_y = zip(*signs, strict=True)
    expected = mutual_info_score(in_x, in_y) / entropy(np.unique(in_y, return_counts=True)[1])
    assert scores(found)[0, 0] == pytest.approx(expected, abs=1e-12)


def test_a_measure_that_only_knows_one_hyperparameter_tells_nothing_beyond_it():
    found = zoo(np.random.default_rng(8))
    computed = scores(found, "settings")[0]
    assert computed[0] > 0.05
    assert computed[1] == pytest.approx(0, abs=1e-12)
    assert score_of(computed[None])[0] == pytest.approx(0, abs=1e-12)


def test_it_is_one_for_the_target_itself_and_blind_to_the_sign():
    found = zoo(np.random.default_rng(9))
    given = conditions(found.settings)
    for measure in (found.values, -found.values, np.exp(10 * found.values)):
        assert score_of(conditional_scores(measure, found.values, given))[0] == pytest.approx(1)
    noisy = found.measures["noisy"]
    np.testing.assert_allclose(
        conditional_scores(-noisy, found.values, given), conditional_scores(noisy, found.values, given), rtol=1e-12
    )


def test_a_copy_of_the_hyperparameter_that_decides_nearly_everything_has_no_score_of_its_own():
    rng = np.random.default_rng(27)
    settings = np.array([cell[:3] for cell in itertools.product(range(3), range(2), range(2), range(5))])
    copy = settings[:, 0] / 2
    target = 0.9 * copy + 0.01 * rng.normal(size=len(copy))
    assert score_of(conditional_scores(copy, target, conditions(settings)))[0] == pytest.approx(0, abs=1e-12)
    noisy = copy + 0.001 * rng.normal(size=len(copy))
    assert score_of(conditional_scores(noisy, target, conditions(settings)))[0] < 0.1


def test_a_constant_measure_tells_nothing_and_of_a_constant_target_there_is_nothing_to_tell():
    found = zoo(np.random.default_rng(9))
    given, same = conditions(found.settings), np.ones(len(found.values))
    assert score_of(conditional_scores(same, found.values, given)) == pytest.approx(0, abs=1e-12)
    assert np.isnan(score_of(conditional_scores(found.values, same, given)))


@pytest.mark.parametrize("single_runs", [False, True])
def test_the_score_of_a_resample_is_that_of_the_blocks_really_repeated(single_runs):
    rng = np.random.default_rng(10)
    found = zoo(rng, shape=(2, 2, 2), seeds=2, ties=True)
    block = conditions(found.settings, single_runs=single_runs).block
    counts = rng.multinomial(block.max() + 1, np.full(block.max() + 1, 1 / (block.max() + 1)), size=5)
    resampled = score_of(scores(found, counts=counts, single_runs=single_runs))
    for drawn, score in zip(counts, resampled, strict=True):
        repeated = [row for row, b in zip(rows(found), block, strict=True) for _ in range(drawn[b])]
        assert score == pytest.approx(twin.smallest_score(repeated, 3), abs=1e-9)


def test_resamples_of_many_configurations_take_little_memory():
    """A random search of 200 runs over two hyperparameters: 64 MB for each table of all 200 resamples."""
    rng = np.random.default_rng(35)
    settings = np.column_stack([rng.permutation(200), rng.permutation(200)])
    x, counts = rng.normal(size=200), rng.multinomial(200, np.full(200, 1 / 200), size=200)
    given = conditions(settings)
    tracemalloc.start()
    resampled = conditional_scores(x, x + rng.normal(size=200), given, counts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert resampled.shape == (200, 3)
    assert peak < 300e6
