import numpy as np
import pytest

from genlab.statistics.kendall import kendall_tau_b, mean_sign_product, resampled_mean_sign_product
from tests.references import kendall as twin


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_tau_of_small_lists_is_what_one_counts_by_hand():
    assert kendall_tau_b([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert kendall_tau_b([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    # pairs: (1,2) tied in y, (1,3) and (2,3) concordant: 2 / sqrt(3 * 2)
    assert kendall_tau_b([1, 2, 3], [5, 5, 6]) == pytest.approx(2 / 6**0.5)
    assert mean_sign_product([1, 2, 3], [5, 5, 6]) == 2 / 3


@pytest.mark.parametrize("values", [3, 8, 1000])
def test_both_forms_equal_the_twins_with_many_and_with_few_ties(rng, values):
    for n in (2, 3, 7, 40):
        x, y = rng.integers(0, values, n).tolist(), rng.integers(0, values, n).tolist()
        expected = twin.tau_b(x, y)
        found = kendall_tau_b(x, y)
        assert found is None if expected is None else found == pytest.approx(expected, abs=1e-12)
        assert mean_sign_product(x, y) == pytest.approx(twin.mean_sign_product(x, y), abs=1e-15)


def test_increasing_maps_change_nothing_and_falling_ones_the_sign(rng):
    x, y = rng.standard_normal(30), rng.standard_normal(30)
    assert kendall_tau_b(np.exp(x), y**3) == pytest.approx(kendall_tau_b(x, y))
    assert kendall_tau_b(-x, y) == pytest.approx(-kendall_tau_b(x, y))
    assert mean_sign_product(x, y) == pytest.approx(kendall_tau_b(x, y))  # no ties


def test_what_is_constant_has_no_rank_correlation():
    assert kendall_tau_b([1, 1, 1], [1, 2, 3]) is None
    assert kendall_tau_b([], []) is None
    assert mean_sign_product([1, 1, 1], [1, 2, 3]) == 0
    assert mean_sign_product([1], [1]) is None


def test_other_lengths_and_infinite_values_are_refused():
    with pytest.raises(ValueError, match="one length"):
        kendall_tau_b([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="not finite"):
        mean_sign_product([1, float("nan")], [1, 2])


def test_the_mean_sign_product_of_a_resample_counts_a_run_and_its_copy_as_no_pair(rng):
    x, y = rng.integers(0, 6, 12).astype(float), rng.integers(0, 6, 12).astype(float)
    counts = np.stack([np.ones(12, dtype=int), rng.multinomial(12, np.full(12, 1 / 12)), np.eye(12, dtype=int)[3] * 12])
    found = resampled_mean_sign_product(x, y, counts)
    assert found[0] == pytest.approx(twin.mean_sign_product(x.tolist(), y.tolist()), abs=1e-12)
    drawn = [i for i, times in enumerate(counts[1]) for _ in range(times)]
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    products = [
        twin.sign(points[i][0] - points[j][0]) * twin.sign(points[i][1] - points[j][1])
        for i in drawn
        for j in drawn
        if i != j
    ]
    assert found[1] == pytest.approx(sum(products) / len(products), abs=1e-12)
    assert np.isnan(found[2])
