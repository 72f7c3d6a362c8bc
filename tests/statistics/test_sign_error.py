import numpy as np
import pytest

from genlab.statistics.sign_error import environments, hoeffding_weights, sign_errors
from tests.references import sign_error as twin
from tests.statistics.examples import KINDS, rows, zoo

FEW = 1  # of the pairs that an environment needs, for zoos with few seeds


def found_errors(found, measure="noisy", images=10_000, **more):
    return sign_errors(found.measures[measure], found.values, environments(found.settings), images, **more)


@pytest.mark.parametrize("images", [None, 10_000, 7_000])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("least", [12, 4.5, FEW])
def test_the_error_of_every_environment_equals_the_twin(kind, images, least):
    found = zoo(np.random.default_rng(12), **{"seeds": 8 if least == 12 else 3, **KINDS[kind]})
    least = FEW if kind == "one seed" else least
    expected = twin.errors(rows(found), images, least)
    computed = found_errors(found, images=images, least_pairs=least)
    assert expected
    np.testing.assert_allclose(np.sort(computed.values), sorted(expected.values()), rtol=1e-9)
    changed = [next(i for i, (a, b) in enumerate(zip(*ends, strict=True)) if a != b) for ends in expected]
    assert sorted(computed.axis.tolist()) == sorted(changed)


def test_weights_are_zero_where_the_test_set_cannot_tell_two_errors_apart():
    border = 2 * np.sqrt(np.log(2 / (1 - np.sqrt(0.5))) / (2 * 10_000))
    assert border == pytest.approx(0.01960, abs=1e-5)
    weights = hoeffding_weights([0.0, 0.99 * border, 1.01 * border, -0.05, 0.5], 10_000)
    assert weights[:2].tolist() == [0, 0]
    assert 0 < weights[2] < 0.02
    assert weights[3] == pytest.approx((1 - 2 * np.exp(-12.5)) ** 2 - 0.5)
    assert weights[4] == pytest.approx(0.5)


def test_a_perfect_measure_is_never_wrong_its_negative_always_and_a_constant_half_the_time():
    found = zoo(np.random.default_rng(13))
    where = environments(found.settings)
    for measure, error in ((found.values, 0), (-found.values, 1), (np.ones(len(found.values)), 0.5)):
        errors = sign_errors(measure, found.values, where, 10_000, FEW)
        assert errors.quantile(0.5) == errors.quantile(1.0) == errors.mean == error


def test_the_worst_environment_counts_however_many_there_are():
    """Right along the first axis, wrong in one group of the second."""
    settings = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    target, measure = np.array([0.1, 0.2, 0.4, 0.5]), np.array([1.0, 2.0, 4.0, 3.0])
    errors = sign_errors(measure, target, environments(settings), least_pairs=FEW)
    assert (errors.quantile(0.5), errors.quantile(1.0), errors.mean) == (0, 1, 0.25)


def test_environments_with_few_effective_pairs_are_left_out_and_counted():
    where = environments(np.array([[0], [0], [1], [1]]))
    measure, target = np.arange(4.0), np.array([0.100, 0.130, 0.155, 0.160])
    weights = hoeffding_weights([0.055, 0.060, 0.025, 0.030], 10_000)
    effective = weights.sum() ** 2 / (weights**2).sum()
    assert 2 < effective < 4
    for least, count in ((effective, 2), (effective + 1e-6, 0), (12, 0)):
        found = sign_errors(measure, target, where, 10_000, least)
        assert (len(found.values), found.left_out, found.fullest) == (count, 2 - count, 4)
    assert (found.mean, found.quantile(1.0)) == (None, None)
    assert len(sign_errors(measure, target, where, least_pairs=4).values) == 2
    none = sign_errors(measure, np.array([0.100, 0.106, 0.112, 0.107]), where, 10_000, 0)
    assert (len(none.values), none.left_out) == (0, 2)


@pytest.mark.parametrize(("seeds", "environments_of_two"), [(3, 0), (4, 2)])
def test_three_seeds_make_nine_pairs_and_no_environment_counts_four_make_sixteen(seeds, environments_of_two):
    settings = np.repeat([[0], [1]], seeds, axis=0)
    target = np.repeat([0.1, 0.3], seeds)
    for images in (None, 10_000):
        found = sign_errors(target, target, environments(settings), images)
        assert (len(found.values), found.fullest) == (environments_of_two, seeds**2)


def test_the_errors_along_a_hyperparameter_are_those_of_the_environments_that_change_it():
    settings = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    errors = sign_errors([1.0, 2.0, 4.0, 3.0], np.array([0.1, 0.2, 0.4, 0.5]), environments(settings), None, FEW)
    assert errors.along(0).values.tolist() == [0] * 4
    assert (sorted(errors.along(1).values.tolist()), errors.along(1).mean) == ([0, 0, 1, 1], 0.5)


def test_runs_of_one_configuration_make_no_pair():
    settings = np.array([[0], [0], [1]])
    assert len(environments(settings).pairs) == 2
