"""Whether a mean over seeds lies in a range, by Student's t."""

import math

import pytest
from scipy import stats

from genlab.claims.finding import Range, found_in
from genlab.statistics.few_seeds import seed_mean

ABOVE = Range("above 0", 0.0, math.inf, -1e-12)
BELOW = Range("below 0", -math.inf, 0.0, -1e-12)
WITHIN = Range("within 1 of it", -1.0, 1.0, 1e-9)


def finding(within, values, **more):
    usual = {"name": "difference", "n": len(values), "seeds": len(values), "looks": True}
    found = seed_mean(values) if len(values) > 1 else None
    return found_in(within, sum(values) / len(values), found, **usual | more)


@pytest.mark.parametrize(
    ("within", "value", "holds"),
    [
        (ABOVE, -1.0, False),
        (ABOVE, 0.0, False),
        (ABOVE, 1e-9, True),
        (BELOW, 0.0, False),
        (BELOW, -1e-9, True),
        (WITHIN, 1.0, True),
        (WITHIN, -1.0, True),
        (WITHIN, 1.0001, False),
        (WITHIN, -1.0001, False),
    ],
)
def test_an_open_end_does_not_belong_to_a_range_and_a_closed_one_does(within, value, holds):
    assert within.holds(value) == holds


def test_the_chance_of_a_range_is_the_larger_of_its_ends():
    values = [0.5, 0.7, 0.2]
    upper = stats.ttest_1samp(values, 1.0, alternative="less").pvalue
    lower = stats.ttest_1samp(values, -1.0, alternative="greater").pvalue
    assert upper > lower
    assert finding(WITHIN, values).chance == pytest.approx(upper, rel=1e-6)
    mirrored = [-value for value in values]
    assert finding(WITHIN, mirrored).chance == pytest.approx(upper, rel=1e-6)
    assert finding(ABOVE, values).chance == pytest.approx(stats.ttest_1samp(values, 0, alternative="greater").pvalue)
    assert finding(BELOW, mirrored).chance == finding(ABOVE, values).chance


@pytest.mark.parametrize(
    ("within", "values", "opposite"),
    [
        (ABOVE, [-1.0, -1.1, -0.9], True),
        (ABOVE, [-1.0, 0.5, -0.9], False),  # below, and not shown
        (ABOVE, [1.0, 1.1, 0.9], False),
        (BELOW, [1.0, 1.1, 0.9], True),
        (WITHIN, [2.0, 2.1, 1.9], True),
        (WITHIN, [-2.0, -2.1, -1.9], True),
        (WITHIN, [0.9, 1.6, 1.2], False),
    ],
)
def test_the_opposite_is_shown_where_the_whole_interval_is_beyond_an_end(within, values, opposite):
    found = finding(within, values)
    assert found.opposite == opposite
    assert not (found.opposite and found.holds)


def test_one_number_can_meet_a_range_and_shows_nothing():
    found = finding(ABOVE, [0.3])
    assert (found.holds, found.points, found.chance, found.interval) == (False, True, None, None)
    assert found.reason == "not shown: the interval has no ends above 0"
    assert not finding(ABOVE, [-0.3]).points


def test_what_is_against_it_keeps_a_claim_from_holding_and_notes_do_not():
    values = [0.5, 0.6, 0.7]
    found = finding(ABOVE, values, notes=["as it is"], left_out=("1 run",))
    assert (found.holds, found.points, found.reason, found.left_out) == (True, True, "as it is; 1 run", ("1 run",))
    found = finding(ABOVE, values, against=["a", "b", "c", "d"], notes=["as it is"])
    assert (found.holds, found.points) == (False, False)
    assert found.reason == "against it: a; b; c and 1 more; as it is"


def test_what_was_to_be_found_is_told_where_an_effect_is_looked_for():
    values = [0.5, 0.6, 0.7]
    assert finding(ABOVE, values).smallest == seed_mean(values).smallest > 0
    assert finding(ABOVE, values, looks=False).smallest is None
    assert finding(ABOVE, [0.3]).smallest is None


def test_effect_and_interval_are_shown_on_their_own_scale():
    within = Range("between 1 and 9", 0.0, math.log(9), 1e-9, math.exp)
    found = finding(within, [math.log(2), math.log(4), math.log(2)], looks=False)
    assert found.effect == pytest.approx(16 ** (1 / 3))
    mean = seed_mean([math.log(2), math.log(4), math.log(2)])
    assert found.interval == pytest.approx((math.exp(mean.low), math.exp(mean.high)))
