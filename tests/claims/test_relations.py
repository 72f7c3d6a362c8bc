import math

import numpy as np
import pytest

from genlab.claims.relations import smallest_found
from genlab.claims.rules import find
from genlab.statistics.relation import Relation
from tests.claims.examples import CORRUPTION, SIZE, check, claim, noisy, runs, tables
from tests.references import relation as twin
from tests.references.granulated import psi
from tests.references.kendall import mean_sign_product

NORM = {"column": "measure.norm", "over": "final.test_error"}


def related(results, kind="correlates", axes=(CORRUPTION, SIZE), **more):
    return check(claim(kind, **NORM, **more), results, axes)


def zoo(norm, sizes=(250, 500, 1000, 4000), **more):
    """Runs with a norm, which is a function of the error and a number for each run."""
    results = runs(noisy, sizes=sizes, **more)
    results["measure.norm"] = [norm(error, i) for i, error in enumerate(results["final.test_error"])]
    return results


def test_tau_is_over_all_runs_of_all_seeds():
    found = related(zoo(lambda error, i: math.exp(error)), at_least=0.5)
    assert (found.verdict, found.effect_name, found.n, found.seeds) == ("holds", "Kendall tau", 24, 3)
    assert found.effect == pytest.approx(1)
    assert found.interval == pytest.approx((1, 1))
    assert found.chance == pytest.approx(1 / 48, abs=0.02)  # the values of two axes have 2! 4! orders
    assert found.reason == ""


def test_what_would_have_been_found_is_beyond_the_limit_and_beyond_chance_by_how_far_repeats_scatter():
    def wide(low, high, critical):
        return Relation(0.5, low, high, 0.2, critical)

    error = 0.2 / 1.644854
    assert smallest_found(wide(0.3, 0.7, 0.4), 0.1) == pytest.approx(0.4 + 0.841621 * error)
    assert smallest_found(wide(0.3, 0.7, 0.1), 0.4) == pytest.approx(0.4 + 0.841621 * error)
    assert smallest_found(wide(0.3, 0.3, 0.1), 0.4) == 0.4
    assert smallest_found(wide(-0.9, 0.9, 0.8), 0.1) == 1
    assert related(zoo(lambda error, i: error, sizes=(250, 500)), at_least=0.1).smallest is None  # 4 arrangements


def test_a_relation_downwards_has_its_limit_above():
    results = zoo(lambda error, i: -math.exp(error))
    assert related(results, at_most=-0.5).verdict == "holds"
    assert related(results, at_least=0.1).verdict == "fails"
    assert related(results, at_least=0.1).reason == "Kendall tau -1 is not at least 0.1"


def test_a_limit_belongs_to_what_meets_it():
    assert related(zoo(lambda error, i: error), at_least=1.0).verdict == "holds"


def test_the_coefficient_is_that_of_the_twin_and_too_small_a_one_fails():
    draws = np.random.default_rng(5).normal(size=24) / 3
    results = zoo(lambda error, i: error + draws[i])
    expected = mean_sign_product(results["measure.norm"].tolist(), results["final.test_error"].tolist())
    found = related(results, at_least=0.99)
    assert found.effect == pytest.approx(expected)
    assert found.verdict == "fails"
    assert found.reason == f"Kendall tau {expected:.4g} is not at least 0.99"


def rows_of(results):
    """The runs one by one, as the slow twin takes them."""
    codes = zip(results[CORRUPTION].rank(method="dense"), results[SIZE].rank(method="dense"), strict=True)
    columns = (results["seed"], results["measure.norm"], results["final.test_error"])
    return [(tuple(map(int, code)), *row) for code, *row in zip(codes, *(c.tolist() for c in columns), strict=True)]


@pytest.mark.parametrize(("coefficient", "of"), [("tau", twin.tau_of), ("psi", twin.psi_of)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_chance_is_that_of_every_way_to_exchange_the_values_of_the_axes(coefficient, of, sign):
    draws = np.random.default_rng(5).normal(size=24) / 3
    results = zoo(lambda error, i: sign * (error + draws[i]))
    rows = rows_of(results)
    limit = {"at_least": 0.01} if sign > 0 else {"at_most": -0.01}
    found = related(results, coefficient=coefficient, **limit)
    assert found.effect == pytest.approx(of(rows))
    turned = [(code, seed, sign * x, y) for code, seed, x, y in rows]
    expected = twin.chance(turned, of, levels=True)
    assert found.chance == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 999) + 0.001)


def test_a_few_values_of_the_axes_cannot_show_a_relation_however_many_seeds_they_have():
    results = zoo(lambda error, i: error, corruptions=(0.0,), sizes=(500, 1000, 4000), seeds=range(6))
    found = related(results, at_least=0.5)
    assert twin.chance(rows_of(results), twin.tau_of, levels=True) == pytest.approx(1 / 6)
    assert found.verdict == "cannot tell"
    assert found.chance == pytest.approx(1 / 6, abs=0.05)
    assert found.reason == "the values of the axes can be arranged in 6 ways, and 20 are needed"


def test_psi_is_the_mean_over_the_axes_of_runs_that_differ_in_one_alone():
    """The corruption moves everything, which makes a tau; among runs of one corruption the norm goes the other way."""
    results = runs(lambda corruption, size, seed: corruption + size / 1e4 + seed / 100, sizes=(500, 1000, 4000))
    results["measure.norm"] = 3 * results[CORRUPTION] - results[SIZE] / 1e4
    codes = [(int(c), int(s)) for c, s in zip(results[CORRUPTION], results[SIZE], strict=True)]
    columns = (results["seed"], results["measure.norm"], results["final.test_error"])
    rows = [(code, *row) for code, *row in zip(codes, *columns, strict=True)]
    found = related(results, coefficient="psi", at_least=0.3)
    assert found.effect_name == "Psi"
    assert found.effect == pytest.approx((psi(rows, 0) + psi(rows, 1)) / 2) == 0
    assert found.verdict == "fails"
    assert related(results, at_least=0.1).effect > 0.15


def test_psi_holds_where_every_axis_agrees():
    found = related(zoo(lambda error, i: error), coefficient="psi", at_least=0.9)
    assert (found.verdict, found.effect) == ("holds", pytest.approx(1))


def test_without_runs_that_differ_in_one_axis_alone_there_is_no_psi():
    results = zoo(lambda error, i: error)
    diagonal = results[(results[CORRUPTION] == 0) == (results[SIZE] == 500)]
    diagonal = diagonal[diagonal[SIZE].isin([500, 1000])]
    found = related(diagonal, coefficient="psi", at_least=0.5)
    assert (found.verdict, found.effect) == ("cannot tell", None)
    assert found.reason == "no two runs of a seed differ in one axis alone, so there is no Psi"


def test_a_constant_has_no_tau():
    results = runs(noisy).assign(depth=3)
    found = check(claim("correlates", column="final.test_error", over="depth", at_least=0.1), results)
    assert (found.verdict, found.reason) == (
        "cannot tell",
        "final.test_error or depth is constant, so there is no rank",
    )


def test_runs_without_a_value_are_left_out_of_tau_and_unfinished_ones_with_their_seed():
    results = zoo(lambda error, i: error, seeds=range(4))
    results.loc[0, "measure.norm"] = math.nan
    found = related(results, at_least=0.5)
    assert (found.verdict, found.n, found.seeds) == ("holds", 31, 4)
    assert found.reason == "1 of 32 runs lack a value and are left out"
    results.loc[3, "status"] = "failed"  # of seed 3
    found = related(results, at_least=0.5)
    assert (found.verdict, found.n, found.seeds) == ("holds", 23, 3)
    assert "1 of 32 runs are not finished, so that seed=3 does not count" in found.reason


@pytest.mark.parametrize("coefficient", ["tau", "psi"])
def test_the_order_of_the_rows_changes_no_number(coefficient):
    draws = np.random.default_rng(6).normal(size=24)
    results = zoo(lambda error, i: error + draws[i])
    found = related(results, coefficient=coefficient, at_least=0.1)
    again = related(results.sample(frac=1, random_state=2), coefficient=coefficient, at_least=0.1)
    assert (again.verdict, again.chance) == (found.verdict, found.chance)
    assert (again.effect, *again.interval) == pytest.approx((found.effect, *found.interval))


def test_two_seeds_cannot_tell_of_a_relation():
    found = related(zoo(lambda error, i: error, seeds=(0, 1)), at_least=0.5)
    assert (found.verdict, found.effect, found.chance, found.interval) == ("cannot tell", pytest.approx(1), None, None)


def test_a_range_takes_its_part_of_the_runs():
    results = zoo(lambda error, i: error, sizes=(125, 250, 500, 1000, 4000))
    results.loc[results[SIZE] == 125, "measure.norm"] *= -50
    found = related(results, at_least=0.9, where={SIZE: {"at_least": 250}})
    assert (found.verdict, found.n) == ("holds", 24)
    assert related(results, at_least=0.9).verdict == "fails"


@pytest.mark.parametrize(
    ("turn", "limit", "holds", "opposite"),
    [
        (1, {"at_least": 0.1}, True, False),
        (-1, {"at_least": 0.1}, False, True),
        (1, {"at_most": -0.1}, False, True),
        (-1, {"at_most": -0.1}, True, False),
    ],
)
def test_the_opposite_of_a_relation_is_shown_where_the_whole_interval_is(turn, limit, holds, opposite):
    found = find(claim("correlates", **NORM, **limit), tables(zoo(lambda error, i: turn * error)), (CORRUPTION, SIZE))
    assert (found.holds, found.opposite) == (holds, opposite)


def test_the_opposite_of_a_relation_is_not_shown_by_an_interval_with_zero_in_it():
    draws = np.random.default_rng(5).normal(size=24)
    found = find(
        claim("correlates", **NORM, at_least=0.1),
        tables(zoo(lambda error, i: draws[i])),
        (CORRUPTION, SIZE),
    )
    assert found.interval[0] < found.effect < 0 < found.interval[1]
    assert not found.opposite
