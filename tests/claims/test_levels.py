import math
import random

import numpy as np
import pytest
from scipy import stats

from tests.claims.examples import AXES, CORRUPTION, SIZE, TRUE, check, claim, noisy, runs
from tests.references.pairing import mean_difference_by_seed


def seeds_of(values, **more):
    """Runs whose error with random labels is a number a seed, and with true ones nothing, in one cell."""
    usual = {"sizes": (500,), "seeds": range(len(values))}
    return runs(lambda corruption, size, seed: corruption * values[seed], **usual | more)


# higher, lower


def test_random_labels_have_the_higher_error():
    found = check(
        claim("higher"), runs(lambda corruption, size, seed: 0.1 + 0.5 * corruption + 0.01 * seed * corruption)
    )
    assert (found.verdict, found.effect_name, found.n, found.seeds) == ("holds", "difference", 6, 3)
    assert found.effect == pytest.approx(0.51)
    reach = stats.t.ppf(0.95, 2) * 0.01 / math.sqrt(3)
    assert found.interval == pytest.approx((0.51 - reach, 0.51 + reach))
    assert found.chance == pytest.approx(stats.ttest_1samp([0.5, 0.51, 0.52], 0, alternative="greater").pvalue)
    assert found.reason == ""
    opposite = check(claim("lower"), runs(lambda corruption, size, seed: 0.1 + 0.5 * corruption))
    assert (opposite.verdict, opposite.chance) == ("fails", 1.0)
    assert opposite.reason.startswith("difference 50 points is not below 0")


def test_the_effect_is_the_mean_over_seeds_of_paired_differences_however_the_rows_are_ordered():
    results = runs(noisy, sizes=(500, 1000, 4000), seeds=(0, 1, 2, 3, 4))
    expected = mean_difference_by_seed(results.to_dict("records"), "final.test_error", CORRUPTION, 1.0, 0.0, [SIZE])
    found = check(claim("higher"), results)
    assert found.effect == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
    shuffled = results.sample(frac=1, random_state=3).reset_index(drop=True)
    again = check(claim("higher"), shuffled)
    assert again.effect == pytest.approx(found.effect, abs=1e-15)
    assert again.interval == pytest.approx(found.interval, abs=1e-15)
    assert (again.verdict, again.n) == ("holds", 15)


def test_many_made_up_sweeps_agree_with_the_twin_and_with_scipy():
    draws = random.Random(8)
    for kind, way in (("higher", "greater"), ("lower", "less")) * 10:
        values = {}
        results = runs(lambda *key, values=values: values.setdefault(key, draws.uniform(-1, 1)), seeds=(0, 1, 2, 3))
        expected = mean_difference_by_seed(results.to_dict("records"), "final.test_error", CORRUPTION, 1.0, 0.0, [SIZE])
        found = check(claim(kind), results.sample(frac=1, random_state=draws.randrange(99)))
        test = stats.ttest_1samp(list(expected.values()), 0, alternative=way)
        assert found.effect == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
        assert found.chance == pytest.approx(test.pvalue, rel=1e-9)
        assert found.verdict == ("holds" if test.pvalue <= 0.05 else "fails")


def test_an_effect_that_is_shown_one_sided_only_holds():
    """Its chance lies between 2.5 and 5 %."""
    values = [0.1, 0.2, 0.35]
    found = check(claim("higher"), seeds_of(values))
    assert 0.025 < found.chance < 0.05
    assert found.interval[0] > 0
    assert found.verdict == "holds"


def test_a_cell_the_other_way_round_is_named_and_the_mean_decides():
    found = check(claim("higher"), runs(lambda corruption, size, seed: corruption * (0.5 if size == 500 else -0.1)))
    assert (found.verdict, found.effect) == ("holds", pytest.approx(0.2))
    assert found.reason == "the other way round in data.train_size=1000 (difference -10 points)"


def test_one_seed_that_disagrees_leaves_doubt():
    found = check(claim("higher"), seeds_of((0.3, 0.4, -0.1)))
    assert found.verdict == "fails"
    assert found.chance == pytest.approx(stats.ttest_1samp([0.3, 0.4, -0.1], 0, alternative="greater").pvalue)
    assert found.reason == "not shown: the interval -24.6 to 64.6 points is not all above 0"


def test_equal_groups_are_neither_higher_nor_lower():
    same = runs(lambda corruption, size, seed: 0.1 * (seed + 1))
    assert {check(claim(kind), same).verdict for kind in ("higher", "lower")} == {"fails"}


def test_rounding_is_no_difference():
    results = runs(lambda corruption, size, seed: 0.3 if corruption == 0 else 0.1 + 0.2, sizes=(500,))
    assert 0.1 + 0.2 > 0.3
    assert check(claim("higher"), results).verdict == "fails"


def test_seeds_that_all_agree_leave_no_doubt():
    found = check(claim("higher"), seeds_of((0.2, 0.2, 0.2)))
    assert (found.verdict, found.chance, found.smallest) == ("holds", 0.0, 0.0)
    assert found.interval == pytest.approx((0.2, 0.2))


def test_two_seeds_cannot_tell_but_the_effect_is_shown():
    found = check(claim("higher"), runs(lambda corruption, size, seed: corruption, seeds=(0, 1)))
    assert (found.verdict, found.effect, found.interval, found.seeds) == ("cannot tell", 1.0, None, 2)
    assert (found.chance, found.corrected, found.smallest) == (None, None, None)
    assert found.reason == "2 seeds, and 3 are needed"


def test_one_seed_cannot_tell_either():
    found = check(claim("higher"), runs(lambda corruption, size, seed: corruption, seeds=(0,)))
    assert (found.verdict, found.effect) == ("cannot tell", 1.0)
    assert found.reason == "1 seed, and 3 are needed"


def test_first_and_last_are_told_apart():
    results = runs(noisy, sizes=(1000, 500, 4000))
    found = check(claim("lower", a={SIZE: {"place": "last"}}, b={SIZE: {"place": "first"}}), results)
    same = check(claim("lower", a={SIZE: 4000}, b={SIZE: 500}), results)
    assert (found.verdict, found.n, found.effect) == ("holds", 6, same.effect)


# ratio_between


def test_the_ratio_is_the_geometric_mean():
    results = runs(lambda corruption, size, seed: (2.0, 4.0, 8.0)[seed] if corruption else 1.0)
    found = check(claim("ratio_between", low=1, high=13), results)
    assert (found.verdict, found.effect_name) == ("holds", "ratio")
    assert found.effect == pytest.approx(4)
    reach = math.exp(stats.t.ppf(0.95, 2) * math.log(2) / math.sqrt(3))
    assert found.interval == pytest.approx((4 / reach, 4 * reach))
    logs = np.log([2, 4, 8])
    tails = [
        stats.ttest_1samp(logs, math.log(end), alternative=way).pvalue for end, way in ((1, "greater"), (13, "less"))
    ]
    assert found.chance == pytest.approx(max(tails))
    assert found.smallest is None
    near = check(claim("ratio_between", low=1, high=12), results)
    assert near.verdict == "fails"
    assert near.reason.startswith("not shown: the interval 1.243 to 12.87 is not all between 1 and 12")
    assert check(claim("ratio_between", low=5, high=10), results).reason.startswith("ratio 4 is not between 5 and 10")


def test_a_ratio_may_have_zero_as_its_lower_end():
    results = runs(lambda corruption, size, seed: (2.0, 4.0, 8.0)[seed] if corruption else 1.0)
    found = check(claim("ratio_between", low=0, high=13), results)
    assert found.verdict == "holds"
    assert found.chance == pytest.approx(stats.ttest_1samp(np.log([2, 4, 8]), math.log(13), alternative="less").pvalue)


def test_the_ends_of_a_ratio_belong_to_it():
    exact = runs(lambda corruption, size, seed: 0.3 if corruption else 0.1)
    assert check(claim("ratio_between", low=3, high=5), exact).verdict == "holds"
    assert check(claim("ratio_between", low=1, high=3), exact).verdict == "holds"
    assert check(claim("ratio_between", low=3.001, high=5), exact).verdict == "fails"


def test_every_cell_must_lie_within_a_range():
    """An average within it says little of its parts."""
    apart = runs(lambda corruption, size, seed: (2.0 if size == 500 else 8.0) if corruption else 1.0)
    found = check(claim("ratio_between", low=3, high=5), apart)
    assert (found.verdict, found.effect) == ("fails", pytest.approx(4))
    assert found.reason == "against it: data.train_size=500 (ratio 2); data.train_size=1000 (ratio 8)"
    close = runs(lambda corruption, size, seed: 0.5 + (0.02 if size == 500 else -0.02))
    found = check(claim("close_to", target=0.5, tolerance=0.01, where=TRUE), close)
    assert found.verdict == "fails"
    assert "against it: data.train_size=500 (difference from target 2 points)" in found.reason


def test_a_ratio_with_zero_cannot_be_told():
    found = check(claim("ratio_between", low=1, high=10), runs(lambda corruption, size, seed: corruption))
    assert (found.verdict, found.effect, found.chance) == ("cannot tell", None, None)
    assert "numbers above 0" in found.reason


# close_to


def test_a_published_number_is_met_where_both_ends_of_the_interval_are_within_its_tolerance():
    values = [0.1325, 0.1425, 0.1525]
    results = runs(lambda corruption, size, seed: values[seed], corruptions=(0.0,), sizes=(500,))
    found = check(claim("close_to", target=0.1425, tolerance=0.017), results)
    assert (found.verdict, found.n, found.effect_name) == ("holds", 3, "difference from target")
    assert found.effect == pytest.approx(0, abs=1e-15)
    reach = stats.t.ppf(0.95, 2) * 0.01 / math.sqrt(3)
    assert found.interval == pytest.approx((-reach, reach))
    far = check(claim("close_to", target=0.1427, tolerance=0.017), results)
    assert far.verdict == "fails"  # 0.0002 further down the lower end is beyond it
    tail = stats.ttest_1samp(np.array(values) - 0.1427, -0.017, alternative="greater")
    assert far.chance == pytest.approx(tail.pvalue)
    assert check(claim("close_to", target=0.2, tolerance=0.01), results).effect == pytest.approx(-0.0575)


@pytest.mark.parametrize("number", [0.1325, 0.1525])
def test_the_ends_of_a_tolerance_belong_to_it(number):
    assert abs(number - 0.1425) > 0.01 or number < 0.1425  # by rounding
    results = runs(lambda *_: number, corruptions=(0.0,), sizes=(500,))
    assert check(claim("close_to", target=0.1425, tolerance=0.01), results).verdict == "holds"
    assert check(claim("close_to", target=0.1425, tolerance=0.0099), results).verdict == "fails"


# ranges


def test_cells_within_a_range_are_compared_one_by_one():
    results = runs(noisy, sizes=(500, 1000, 4000))
    found = check(claim("higher", where={SIZE: {"at_least": 1000}}), results)
    assert (found.verdict, found.n) == ("holds", 6)
    assert found.effect == check(claim("higher"), results[results[SIZE] >= 1000], AXES).effect


def test_a_range_has_both_its_ends():
    results = runs(noisy, sizes=(250, 500, 1000, 2000))
    for asked, cells in (
        ({"at_least": 500}, 3),
        ({"at_most": 500}, 2),
        ({"at_least": 500, "at_most": 1000}, 2),
        ({"place": "first"}, 1),
        ({"place": "last"}, 1),
    ):
        assert check(claim("higher", where={SIZE: asked}), results).n == 3 * cells
