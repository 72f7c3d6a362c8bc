import numpy as np
import pytest

from genlab.statistics.many_tests import holm
from tests.references.holm import holm as closed_test


@pytest.mark.parametrize("count", range(1, 8))
def test_it_is_the_closed_test_of_all_sets_of_hypotheses(count):
    draws = np.random.default_rng(count)
    for _ in range(20):
        chances = (draws.uniform(size=count) ** draws.integers(1, 6)).round(2).tolist()  # rounded, so that some tie
        assert holm(chances) == pytest.approx(closed_test(chances), abs=1e-15)


def test_by_hand():
    # Four times 0.01, then three times 0.02, then twice 0.02 which cannot be less than that, and 0.5 as it is.
    assert holm([0.02, 0.5, 0.01, 0.02]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert holm([0.04, 0.03]) == pytest.approx([0.06, 0.06])


def test_no_chance_is_above_one_and_one_alone_stays_as_it_is():
    assert holm([0.4, 0.6, 0.9]) == [1.0, 1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_one_family_in_twenty_has_a_false_one_and_hardly_fewer():
    draws = np.random.default_rng(7).uniform(size=(4000, 8))
    false = np.mean([min(holm(row.tolist())) <= 0.05 for row in draws])
    assert false == pytest.approx(1 - (1 - 0.05 / 8) ** 8, abs=3 * np.sqrt(0.05 * 0.95 / 4000))
