import numpy as np
import pytest

from genlab.statistics.sign_error import environments, hoeffding_weights, sign_errors
from tests.references import sign_error as twin
from tests.statistics.examples import KINDS, rows, zoo


def found_errors(found, measure="noisy", images=10_000):
    return sign_errors(found.measures[measure], found.values, environments(found.settings), images)


@pytest.mark.parametrize("images", [None, 10_000, 7_000])
@pytest.mark.parametrize("kind", KINDS)
def test_the_error_of_every_environment_equals_the_twin(kind, images):
    found = zoo(np.random.default_rng(12), **KINDS[kind])
    expected = twin.errors(rows(found), images)
    computed = found_errors(found, images=images)
    assert expected
    np.testing.assert_allclose(np.sort(computed.values), sorted(expected.values()), rtol=1e-9)
    changed = [next(i for i, (a, b) in enumerate(zip(*ends, strict=True)) if a != b) for ends in expected]
    assert sorted(computed.axis.tolist()) == sorted(changed)


def test_weights_are_zero_where_the_test_set_cannot_tell_two_errors_apart():
    border = 2 * np.sqrt(np.log(2) / (2 * 10_000))
    assert border == pytest.approx(0.01177, abs=1e-5)
    weights = hoeffding_weights([0.0, 0.99 * border, 1.01 * border, -0.05, 0.5], 10_000)
    assert weights[:2].tolist() == [0, 0]
    assert 0 < weights[2] < 0.01
    assert weights[3] == pytest.approx((1 - 2 * np.exp(-12.5)) ** 2)
    assert weights[4] == pytest.approx(1)


def test_a_perfect_measure_is_never_wrong_its_negative_always_and_a_constant_half_the_time():
    found = zoo(np.random.default_rng(13))
    where = environments(found.settings)
    for measure, error in ((found.values, 0), (-found.values, 1), (np.ones(len(found.values)), 0.5)):
        errors = sign_errors(measure, found.values, where, 10_000)
        assert errors.quantile(0.5) == errors.quantile(1.0) == errors.mean == error


def test_the_worst_environment_counts_however_many_there_are():
    """Right along the first axis, wrong in one group of the second."""
    settings = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    target, measure = np.array([0.1, 0.2, 0.4, 0.5]), np.array([1.0, 2.0, 4.0, 3.0])
    errors = sign_errors(measure, target, environments(settings))
    assert (errors.quantile(0.5), errors.quantile(1.0), errors.mean) == (0, 1, 0.25)


def test_environments_with_few_effective_pairs_are_left_out_and_counted():
    """Two seeds make four pairs, so that two effective ones are enough and one is not."""
    where = environments(np.array([[0], [0], [1], [1]]))
    measure = np.arange(4.0)
    two = sign_errors(measure, np.array([0.1, 0.1, 0.1, 0.2]), where, 10_000)
    assert (two.values.tolist(), two.left_out) == ([0.0], 0)
    one = sign_errors(measure, np.array([0.100, 0.106, 0.112, 0.107]), where, 10_000)
    assert (len(one.values), one.left_out, one.mean, one.quantile(1.0)) == (0, 1, None, None)
    assert len(sign_errors(measure, np.array([0.100, 0.106, 0.112, 0.107]), where).values) == 1


def test_runs_of_one_configuration_make_no_pair():
    settings = np.array([[0], [0], [1]])
    assert len(environments(settings).pairs) == 2
