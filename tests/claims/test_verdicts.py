import json
import math
from dataclasses import fields

import pandas as pd
import pytest
from scipy import stats

from genlab.claims.published import Published
from genlab.claims.verdicts import Verdict, check_claims, explain, summary
from tests.claims.examples import AXES, CORRUPTION, SIZE, TRUE, check, claim, noisy, runs, tables
from tests.references.holm import holm

DOUBTFUL = (0.3, 0.4, -0.1)  # differences by seed, in which 0.61 would have been found


def by_seed(*differences, column="final.test_error", results=None):
    """Runs of one size whose difference between random and true labels is a number a seed, in one column more."""
    made = runs(lambda *_: 0.0, sizes=(500,), seeds=range(len(differences))) if results is None else results
    values = [c * differences[seed] for c, seed in zip(made[CORRUPTION], made["seed"], strict=True)]
    return made.assign(**{column: values})


def curves(difference, *, other_units=()):
    """A published difference between random and true labels."""
    rows = [
        {"id": str(c), "status": "finished", "seed": "published", CORRUPTION: c, "final.test_error": c * difference}
        for c in (0.0, 1.0)
    ]
    return Published(pd.DataFrame(rows), frozenset(other_units), {})


def against(published, *differences, kind="higher"):
    return check_claims([claim(kind)], tables(by_seed(*differences)), AXES, published)[0]


# beside what is published


def test_an_effect_that_is_published_smaller_than_what_would_have_been_found_cannot_be_told():
    found = against(curves(0.05), *DOUBTFUL)
    assert (found.verdict, found.published) == ("cannot tell", 0.05)
    assert found.reason == (
        "the published effect, 5 points, is smaller than what was to be found, 60.78 points; "
        "not shown: the interval -24.6 to 64.6 points is not all above 0"
    )
    assert (found.effect, found.seeds) == (pytest.approx(0.2), 3)
    assert found.chance == pytest.approx(stats.ttest_1samp(DOUBTFUL, 0, alternative="greater").pvalue)
    assert against(curves(-0.05), *(-d for d in DOUBTFUL), kind="lower").verdict == "cannot tell"


def test_an_effect_that_would_have_been_found_fails_where_it_is_not():
    assert against(curves(0.7), *DOUBTFUL).verdict == "fails"
    assert against(curves(-0.7), *(-d for d in DOUBTFUL), kind="lower").verdict == "fails"
    assert check(claim("higher"), by_seed(*DOUBTFUL)).verdict == "fails"  # nothing is published


def test_the_opposite_of_a_small_effect_fails_where_it_is_shown():
    shown, only_seen = (-0.30, -0.31, -0.29), (-0.30, -0.9, 0.1)
    assert against(curves(0.01), *shown).smallest > 0.01
    assert against(curves(0.01), *shown).verdict == "fails"
    assert against(curves(0.01), *only_seen).verdict == "cannot tell"


def test_a_small_effect_that_is_found_all_the_same_holds():
    assert against(curves(0.05), 0.3, 0.4, 0.35).verdict == "holds"


def test_an_effect_in_units_of_its_own_is_not_compared():
    found = against(curves(0.05, other_units=["final.test_error"]), *DOUBTFUL)
    assert (found.verdict, found.published, found.published_units, found.ours) == ("fails", 0.05, False, False)


def test_seeds_that_do_not_differ_would_have_found_any_effect():
    found = against(curves(0.05), 0.0, 0.0, 0.0)
    assert (found.verdict, found.smallest) == ("fails", 0.0)


def test_a_rule_that_looks_for_no_effect_is_not_held_to_one():
    published = curves(0.05)
    one = claim("close_to", target=0.5, tolerance=0.1, where={CORRUPTION: 1.0})
    found = check_claims([one], tables(by_seed(*DOUBTFUL)), AXES, published)[0]
    assert (found.verdict, found.published, found.smallest) == ("fails", pytest.approx(-0.45), None)


def test_a_claim_without_a_published_number_is_ours():
    assert against(curves(0.05), *DOUBTFUL).ours is False
    assert check(claim("higher"), by_seed(*DOUBTFUL)).ours is True
    elsewhere = claim("higher", a={CORRUPTION: 0.5})
    assert check_claims([elsewhere], tables(by_seed(*DOUBTFUL)), AXES, curves(0.05))[0].ours is True


# all together


def family(*columns):
    """The verdicts of claims that columns, each with its differences by seed, are higher with random labels."""
    results = None
    for number, differences in enumerate(columns):
        results = by_seed(*differences, column=f"measure.m{number}", results=results)
    claims = [claim("higher", id=f"c{number}", column=f"measure.m{number}") for number in range(len(columns))]
    return claims, results


def test_chances_are_corrected_for_all_claims_that_were_tested():
    claims, results = family((0.3, 0.4, 0.35), DOUBTFUL, (0.1, 0.2, 0.35), (-0.1, -0.3, -0.2))
    found = check_claims(claims, tables(results), AXES)
    assert [verdict.verdict for verdict in found] == ["holds", "fails", "holds", "fails"]
    assert [v.corrected for v in found] == pytest.approx(holm([v.chance for v in found]))
    assert found[2].chance < 0.05 < found[2].corrected


def test_a_claim_without_a_test_is_not_among_those_that_chances_are_corrected_for():
    claims, results = family((0.3, 0.4, 0.35), (0.1, 0.2, 0.35))
    claims.append(claim("higher", id="nothing", column="measure.none"))
    results.loc[(results["seed"] == 2), "measure.m1"] = math.nan  # two seeds are left of it
    alone, few, nothing = check_claims(claims, tables(results), AXES)
    assert (few.verdict, nothing.verdict) == ("cannot tell", "cannot tell")
    assert (few.chance, few.corrected, nothing.chance, nothing.corrected) == (None, None, None, None)
    assert alone.corrected == alone.chance > 0


def test_a_claim_that_was_tested_counts_though_it_cannot_be_told():
    """Left out because it did not hold it would flatter the others."""
    claims, results = family((0.3, 0.4, 0.35))
    results = by_seed(*DOUBTFUL, results=results)
    shown, small = check_claims([*claims, claim("higher", id="small")], tables(results), AXES, curves(0.05))
    assert (shown.verdict, small.verdict) == ("holds", "cannot tell")
    assert [shown.corrected, small.corrected] == pytest.approx(holm([shown.chance, small.chance]))
    assert shown.corrected == pytest.approx(2 * shown.chance)


def test_verdicts_are_the_same_again_and_depend_on_the_claims_beside_them_in_the_correction_alone():
    results = runs(noisy, seeds=range(6))
    first, second = claim("higher", id="one"), claim("increasing", id="two", over=SIZE)
    third = claim("correlates", id="three", over=SIZE, at_most=-0.1, where=TRUE)
    claims = [first, second, third]
    together = check_claims(claims, tables(results), AXES)
    assert together == check_claims(claims, tables(results), AXES)
    assert [verdict.id for verdict in together] == ["one", "two", "three"]
    for one, beside in zip(claims, together, strict=True):
        alone = vars(check(one, results))
        assert alone["corrected"] == alone["chance"]
        assert {**alone, "corrected": beside.corrected} == vars(beside)


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
    assert set(found) == {field.name for field in fields(Verdict)}
    assert found["rule"] == explain("increasing")
    assert found["rule"].endswith("Below 3 seeds it cannot be told.")
    assert found["interval"][0] <= found["effect"] <= found["interval"][1]
    assert found["source"] == "Figure 1"
    assert check(claim("increasing", over=SIZE, source=None), runs(noisy)).source == ""
