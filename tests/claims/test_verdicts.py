import json
import math
import random

import numpy as np
import pytest

from genlab.claims.verdicts import Verdict, check_claims, explain, summary
from tests.claims.examples import AXES, CORRUPTION, RANDOM, SIZE, check, claim, histories, noisy, runs, tables
from tests.references.pairing import mean_difference_by_seed

# higher, lower


def test_random_labels_have_the_higher_error():
    found = check(
        claim("higher"), runs(lambda corruption, size, seed: 0.1 + 0.5 * corruption + 0.01 * seed * corruption)
    )
    assert (found.verdict, found.effect_name, found.n, found.seeds) == ("holds", "difference", 6, 3)
    assert found.effect == pytest.approx(0.51)
    assert found.interval == pytest.approx((0.5, 0.52))  # three seeds: their range
    assert found.reason == ""
    opposite = check(claim("lower"), runs(lambda corruption, size, seed: 0.1 + 0.5 * corruption))
    assert opposite.verdict == "fails"
    assert opposite.reason.startswith("difference 0.5 is not below 0")


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


def test_a_cell_against_the_claim_is_named():
    found = check(claim("higher"), runs(lambda corruption, size, seed: corruption * (0.5 if size == 500 else -0.1)))
    assert found.verdict == "fails"
    assert found.effect == pytest.approx(0.2)
    assert "against it: data.train_size=1000 (difference -0.1)" in found.reason


def test_one_seed_that_disagrees_is_in_the_interval():
    found = check(claim("higher"), runs(lambda corruption, size, seed: corruption * (0.3, 0.4, -0.1)[seed]))
    assert found.verdict == "fails"
    assert found.interval == pytest.approx((-0.1, 0.4))
    assert found.reason == "not shown: the interval -0.1 to 0.4 is not all above 0"


def test_equal_groups_are_neither_higher_nor_lower():
    same = runs(lambda corruption, size, seed: 0.1 * (seed + 1))
    assert {check(claim(kind), same).verdict for kind in ("higher", "lower")} == {"fails"}


def test_two_seeds_cannot_tell_but_the_effect_is_shown():
    found = check(claim("higher"), runs(lambda corruption, size, seed: corruption, seeds=(0, 1)))
    assert (found.verdict, found.effect, found.interval, found.seeds) == ("cannot tell", 1.0, None, 2)
    assert found.reason == "2 seeds, and 3 are needed"


# increasing, decreasing


def test_a_trend_goes_along_numbers_and_not_along_their_spelling():
    results = runs(lambda corruption, size, seed: size / 1e4 + seed / 100, sizes=(2000, 500, 10_000))
    found = check(claim("increasing", over=SIZE), results)
    assert (found.verdict, found.effect_name, found.n) == ("holds", "total change", 18)
    assert found.effect == pytest.approx(0.95)
    assert found.reason == "100% of the single seeds' steps rise"
    assert check(claim("decreasing", over=SIZE), results).verdict == "fails"


def test_a_step_against_the_trend_is_named():
    errors = {500: 0.1, 1000: 0.4, 2000: 0.3, 4000: 0.9}
    results = runs(lambda corruption, size, seed: errors[size] * (1 + corruption), sizes=tuple(errors))
    found = check(claim("increasing", over=SIZE, where=RANDOM), results)
    assert found.verdict == "fails"
    assert found.effect == pytest.approx(1.6)
    assert found.reason == "against it: data.train_size from 1000 to 2000; 67% of the single seeds' steps rise"
    both = check(claim("increasing", over=SIZE), results)
    assert "data.train_size from 1000 to 2000 in data.labels.corruption=0" in both.reason


def test_a_step_without_change_is_none():
    errors = {500: (0.3, 0.2, 0.1), 1000: (0.1, 0.2, 0.3), 2000: (1.0, 1.0, 1.0)}
    assert sum(errors[1000]) > sum(errors[500])  # by rounding alone
    results = runs(lambda corruption, size, seed: errors[size][seed], corruptions=(0.0,), sizes=tuple(errors))
    found = check(claim("increasing", over=SIZE), results)
    assert found.interval[0] > 0
    assert found.verdict == "fails"
    assert found.reason.startswith("against it: data.train_size from 500 to 1000 in data.labels.corruption=0;")


def test_widths_of_one_hidden_layer_are_numbers_to_go_along():
    results = runs(lambda corruption, size, seed: size / 1e4 + seed / 100, sizes=(64, 1024, 128))
    results["model.widths"] = [f"[{size}]" for size in results[SIZE]]
    one = claim("increasing", over="model.widths")
    found = check(one, results, (CORRUPTION, "model.widths"))
    assert (found.verdict, found.effect) == ("holds", pytest.approx(0.096))
    results["model.widths"] = [f"[{size}, 8]" for size in results[SIZE]]
    assert "not a number along which to go: [1024, 8]" in check(one, results, (CORRUPTION, "model.widths")).reason


def test_a_trend_needs_two_values_and_numbers():
    assert "only one value" in check(claim("increasing", over=SIZE), runs(noisy, sizes=(500,))).reason
    words = runs(noisy)
    words["model"] = np.where(words[SIZE] == 500, "mlp", "vgg")
    assert "model is not a number" in check(claim("increasing", over="model", pair_by=[CORRUPTION]), words).reason
    words["final.test_error"] = words["final.test_error"].astype(object)
    words.loc[0, "final.test_error"] = "high"
    assert "final.test_error is not a number: 'high'" in check(claim("increasing", over=SIZE), words).reason


# ratio_between, close_to


def test_the_ratio_is_the_geometric_mean():
    results = runs(lambda corruption, size, seed: (2.0, 4.0, 8.0)[seed] if corruption else 1.0)
    found = check(claim("ratio_between", low=1, high=10), results)
    assert (found.verdict, found.effect_name) == ("holds", "ratio")
    assert found.effect == pytest.approx(4)
    assert found.interval == pytest.approx((2, 8))
    assert check(claim("ratio_between", low=3, high=10), results).reason.startswith("not shown: the interval 2 to 8")
    assert check(claim("ratio_between", low=5, high=10), results).reason.startswith("ratio 4 is not between 5 and 10")


def test_a_ratio_with_zero_cannot_be_told():
    found = check(claim("ratio_between", low=1, high=10), runs(lambda corruption, size, seed: corruption))
    assert (found.verdict, found.effect) == ("cannot tell", None)
    assert "numbers above 0" in found.reason


def test_a_published_number_is_met_within_its_tolerance_its_ends_included():
    results = runs(lambda corruption, size, seed: 0.1425 + (seed - 1) * 0.01, corruptions=(0.0,), sizes=(500,))
    found = check(claim("close_to", target=0.1425, tolerance=0.01), results)
    assert (found.verdict, found.n, found.effect_name) == ("holds", 3, "difference from target")
    assert found.effect == pytest.approx(0, abs=1e-15)
    assert found.interval == pytest.approx((-0.01, 0.01))
    assert check(claim("close_to", target=0.1425, tolerance=0.009), results).verdict == "fails"
    assert check(claim("close_to", target=0.2, tolerance=0.01), results).effect == pytest.approx(-0.0575)


# correlates


def test_tau_is_over_all_runs_of_all_seeds():
    results = runs(noisy, sizes=(500, 1000, 4000))
    results["measure.norm"] = np.exp(results["final.test_error"])
    found = check(claim("correlates", column="measure.norm", over="final.test_error", at_least=0.5), results)
    assert (found.verdict, found.effect_name, found.n, found.seeds) == ("holds", "Kendall tau-b", 18, 3)
    assert found.effect == pytest.approx(1)
    assert found.interval == pytest.approx((1, 1))
    results["measure.norm"] *= -1
    assert (
        check(claim("correlates", column="measure.norm", over="final.test_error", at_most=0), results).verdict
        == "holds"
    )


def test_seeds_that_disagree_widen_the_interval_of_tau():
    results = runs(noisy, sizes=(500, 1000, 4000))
    turned = np.where(results["seed"] == 1, -1, 1)
    results["measure.norm"] = turned * results["final.test_error"]
    one = claim("correlates", column="measure.norm", over="final.test_error", at_least=0)
    found = check(one, results)
    assert found.verdict == "fails"
    assert found.interval[0] == pytest.approx(-1)
    assert found.reason.startswith("not shown") or "is not at least 0" in found.reason


def test_runs_without_a_value_are_left_out_of_tau_and_unfinished_ones_with_their_seed():
    results = runs(noisy, sizes=(500, 1000, 4000), seeds=range(4))
    results["measure.norm"] = results["final.test_error"]
    one = claim("correlates", column="measure.norm", over="final.test_error", at_least=0.5)
    results.loc[0, "measure.norm"] = math.nan
    found = check(one, results)
    assert (found.verdict, found.n, found.seeds) == ("holds", 23, 4)
    assert found.reason == "1 of 24 runs lack a value and are left out"
    results.loc[3, "status"] = "failed"  # of seed 3
    found = check(one, results)
    assert (found.verdict, found.n, found.seeds) == ("holds", 17, 3)
    assert "1 of 24 runs are not finished, so that seed=3 does not count" in found.reason


def test_a_constant_has_no_tau():
    results = runs(noisy).assign(depth=3)
    found = check(claim("correlates", column="final.test_error", over="depth", at_least=0), results)
    assert (found.verdict, found.reason) == (
        "cannot tell",
        "final.test_error or depth is constant, so there is no rank",
    )


# crosses


def test_curves_cross_where_their_mean_difference_changes_sign():
    results = runs(lambda *_: 0.0)
    errors = histories(results, lambda row, epoch: 0.3 + row[CORRUPTION] * (epoch - 4.5 - row["seed"] / 2))
    usual = {"table": "history", "column": "test_error", "over": "epoch"}
    found = check(claim("crosses", **usual, low=1, high=8), results, history=errors)
    assert (found.verdict, found.effect_name, found.n) == ("holds", "crossing", 66)
    assert found.effect == pytest.approx(5)
    assert found.interval == pytest.approx((4.5, 5.5))
    early = check(claim("crosses", **usual, high=3), results, history=errors)
    assert early.verdict == "fails"
    assert early.reason.startswith("crossing 5 is not at or before 3")
    late = check(claim("crosses", **usual, low=6), results, history=errors)
    assert (late.verdict, late.effect) == ("fails", None)
    assert late.reason == "the mean difference keeps its sign from 6 to 10"


def test_only_epochs_that_every_run_reached_are_compared():
    results = runs(lambda *_: 0.0)
    errors = histories(results, lambda row, epoch: row[CORRUPTION] * (epoch - 5), epochs=lambda row: 9 - row["seed"])
    found = check(claim("crosses", table="history", column="test_error", over="epoch"), results, history=errors)
    assert (found.verdict, found.effect, found.n) == ("holds", 5, 2 * 3 * 8)
    assert "4 of 20 points are left out, as not every seed of a and b has them" in found.reason


def test_a_cell_that_does_not_cross_is_against_it():
    results = runs(lambda *_: 0.0)
    errors = histories(results, lambda row, epoch: row[CORRUPTION] * (epoch - 5 if row[SIZE] == 500 else 1))
    found = check(claim("crosses", table="history", column="test_error", over="epoch"), results, history=errors)
    assert found.verdict == "fails"
    assert "against it: data.train_size=1000 (no change of sign)" in found.reason


# all together


def test_verdicts_are_the_same_again_and_do_not_depend_on_the_claims_beside_them():
    results = runs(noisy, seeds=range(6))
    first, second = claim("higher", id="one"), claim("increasing", id="two", over=SIZE)
    both = check_claims([first, second], tables(results), AXES)
    assert both == [check(first, results), check(second, results)]
    assert [verdict.id for verdict in both] == ["one", "two"]


def test_random_orders_of_many_made_up_sweeps_agree_with_the_twin():
    draws = random.Random(8)
    for _ in range(20):
        values = {}
        results = runs(lambda *key, values=values: values.setdefault(key, draws.uniform(-1, 1)), seeds=(0, 1, 2, 3))
        expected = mean_difference_by_seed(results.to_dict("records"), "final.test_error", CORRUPTION, 1.0, 0.0, [SIZE])
        found = check(claim("higher"), results.sample(frac=1, random_state=draws.randrange(99)))
        assert found.effect == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
        assert (
            min(expected.values()) - 1e-12 <= found.interval[0] <= found.interval[1] <= max(expected.values()) + 1e-12
        )


def test_the_summary_counts_claims_by_verdict():
    def verdict(word):
        return Verdict("id", "says", "source", word, None, "", None, 0, 0, "")

    words = ["holds", "fails", "holds", "cannot tell", "holds"]
    assert summary([verdict(word) for word in words]) == "5 claims: 3 hold, 1 fails, 1 cannot tell"
    assert summary([verdict("fails"), verdict("fails")]) == "2 claims: 2 fail"
    assert summary([verdict("holds")]) == "1 claim: 1 holds"
    assert summary([]) == "no claims"


def test_a_verdict_is_plain_data_with_its_rule():
    one = claim("increasing", over=SIZE)
    found = json.loads(json.dumps(vars(check(one, runs(noisy)))))
    assert found["rule"] == explain("increasing")
    assert found["interval"][0] <= found["effect"] <= found["interval"][1]
