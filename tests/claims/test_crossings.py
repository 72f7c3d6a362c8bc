import math

import numpy as np
import pytest
from scipy import stats

from genlab.claims.crossings import crossing
from tests.claims.examples import CORRUPTION, SIZE, check, claim, histories, runs
from tests.references.pairing import first_crossing

NOT_TOLD = "not shown: the signs at both ends are not told from chance by the seeds"


def crosses(gap, *, epochs=10, **more):
    """The verdict of a crossing of two histories whose difference is a function of the run and the epoch."""
    results = runs(lambda *_: 0.0)
    errors = histories(results, lambda row, epoch: 0.3 + row[CORRUPTION] * gap(row, epoch), epochs=epochs)
    one = claim("crosses", table="history", column="test_error", over="epoch", **more)
    return check(one, results, history=errors)


def test_crossings_equal_those_found_by_walking_along():
    draws = np.random.default_rng(2)
    over = np.cumsum(draws.uniform(0.5, 2, 9))
    curves = draws.integers(-2, 3, (500, 9)).astype(float)
    for low in (-math.inf, 4.0, 99.0):
        for curve, place in zip(curves, crossing(over, curves, low), strict=True):
            expected = first_crossing(over.tolist(), curve.tolist(), low)
            assert math.isnan(place) if expected is None else place == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("curve", "place"), [([1, 0, 1], None), ([0, 0, 1], None), ([1, 0, 0, -1], 1), ([3, -1, 5], 0.75), ([2, 1], None)]
)
def test_touching_zero_is_no_crossing(curve, place):
    found = crossing(np.arange(len(curve), dtype=float), np.array([curve], dtype=float), -math.inf)[0]
    assert math.isnan(found) if place is None else found == place


def test_curves_cross_where_their_mean_difference_changes_sign():
    def gap(row, epoch):
        return epoch - 4.5 - row["seed"] / 2

    found = crosses(gap, low=1, high=8)
    assert (found.verdict, found.effect_name, found.n) == ("holds", "crossing", 66)
    assert found.effect == pytest.approx(5)
    # 5 % of all resamples of three seeds lie within the 1 in 27 that are one seed alone and the next
    assert found.interval == pytest.approx((4.5 + 1 / 6, 5.5 - 1 / 6))
    early = crosses(gap, high=3)
    assert early.verdict == "fails"
    assert early.reason.startswith("crossing 5 is not at or before 3")
    assert crosses(gap, low=1, high=5.1).reason == NOT_TOLD


def test_a_difference_that_keeps_its_sign_has_no_place_and_the_largest_chance():
    found = crosses(lambda row, epoch: epoch - 4.5 - row["seed"] / 2, low=6)
    assert (found.verdict, found.effect, found.chance) == ("fails", None, 1.0)
    assert found.reason == "the mean difference keeps its sign from 6 to 10"


def test_a_difference_that_does_not_change_beyond_the_spread_of_the_seeds_is_not_shown():
    """All resamples cross at 5, as noise crosses somewhere too."""
    slopes = (1.0, 1.0, -0.45)
    found = crosses(lambda row, epoch: slopes[row["seed"]] * (epoch - 5))
    assert (found.verdict, found.effect) == ("fails", 5)
    assert found.interval == pytest.approx((5, 5))
    assert found.chance == pytest.approx(stats.ttest_1samp(np.multiply(slopes, 10), 0).pvalue)
    assert found.reason == NOT_TOLD


def test_the_chance_is_for_both_directions():
    """One that a test of one direction alone would have passed."""
    slopes = (1.0, 0.45, 1.5)
    for sign in (1, -1):
        found = crosses(lambda row, epoch, sign=sign: sign * slopes[row["seed"]] * (epoch - 5))
        assert found.chance == pytest.approx(stats.ttest_1samp(slopes, 0).pvalue)
        assert 0.05 < found.chance < 0.1
        assert found.verdict == "fails"


def test_a_crossing_that_a_seed_has_not_reached_at_the_end_is_not_shown():
    ends = np.array([-5.0, -8.0, -14.0]), np.array([5.0, 2.0, -4.0])
    found = crosses(lambda row, epoch: epoch - (5, 8, 14)[row["seed"]])
    assert (found.verdict, found.effect, found.reason) == ("fails", 9, NOT_TOLD)
    ways = zip(ends, ("less", "greater"), strict=True)
    chances = [stats.ttest_1samp(end, 0, alternative=way).pvalue for end, way in ways]
    assert found.chance == pytest.approx(2 * max(chances))


def test_the_limits_are_where_the_signs_are_told():
    """All seeds change their sign between 4 and 6, so that a crossing after 3 is shown and one after 4.6 is not."""
    for low, verdict in ((3, "holds"), (4.6, "fails")):
        assert crosses(lambda row, epoch: epoch - (4.5, 5, 5.5)[row["seed"]], low=low).verdict == verdict


def test_only_epochs_that_every_run_reached_are_compared():
    found = crosses(lambda row, epoch: epoch - 5, epochs=lambda row: 9 - row["seed"])
    assert (found.verdict, found.effect, found.n) == ("holds", 5, 2 * 3 * 8)
    assert "4 of 20 points are left out, as not every seed of a and b has them" in found.reason


def test_a_cell_that_does_not_cross_is_against_it():
    found = crosses(lambda row, epoch: epoch - 5 if row[SIZE] == 500 else 1)
    assert found.verdict == "fails"
    assert "against it: data.train_size=1000 (no change of sign)" in found.reason


def test_a_cell_that_crosses_elsewhere_is_against_it():
    found = crosses(lambda row, epoch: epoch - (4 if row[SIZE] == 500 else 7), low=3, high=6)
    assert (found.verdict, found.effect) == ("fails", pytest.approx(5.5))
    assert "against it: data.train_size=1000 (crossing at 7)" in found.reason


def test_two_seeds_cannot_tell_of_a_crossing():
    results = runs(lambda *_: 0.0, seeds=(0, 1))
    errors = histories(results, lambda row, epoch: row[CORRUPTION] * (epoch - 5))
    one = claim("crosses", table="history", column="test_error", over="epoch")
    found = check(one, results, history=errors)
    assert (found.verdict, found.effect, found.chance) == ("cannot tell", 5, None)


def test_one_epoch_is_no_curve():
    found = crosses(lambda row, epoch: 1, epochs=0)
    assert (found.verdict, found.reason) == ("cannot tell", "fewer than two values of epoch are in every cell and seed")
