import pytest

from genlab.claims.verdicts import claim_problems
from genlab.rundir.columns import HISTORY_COLUMNS
from tests.claims.examples import AXES, CORRUPTION, SIZE, TRUE, claim

RESULTS = {"id", "status", "seed", "name", *AXES, "model.name", "final.test_error", "measure.log_l2_norm"}


def columns(table):
    return {"results": RESULTS, "history": set(HISTORY_COLUMNS), "measures": {"measure", "layer", "value"}}.get(table)


def problems(*claims, known=columns):
    return [(problem.key, problem.message) for problem in claim_problems(claims, known, AXES)]


def test_claims_that_can_be_checked_have_no_problems():
    history = {"table": "history", "column": "test_error"}
    assert not problems(
        claim("higher", id="a"),
        claim("increasing", id="b", over=SIZE, where={"model.name": "mlp"}),
        claim("correlates", id="c", column="measure.log_l2_norm", over="final.test_error", at_least=0),
        claim("crosses", id="d", **history, over="epoch"),
        claim("lower", id="e", **history, where={"epoch": 3}, pair_by=[SIZE]),
        claim("higher", id="f", table="measures", column="value", where={"measure": "m"}, pair_by=[SIZE, "layer"]),
    )


@pytest.mark.parametrize(
    ("changed", "field", "near"),
    [
        ({"column": "final.test_eror"}, "column", "did you mean final.test_error?"),
        ({"column": "measure.log_l2_nrom"}, "column", "did you mean measure.log_l2_norm?"),
        ({"where": {"train_size": 500}}, "where", "did you mean data.train_size?"),
        ({"a": {"corruption": 1}, "b": {"corruption": 0}}, "a", "did you mean data.labels.corruption?"),
        ({"pair_by": ["data.trainsize"]}, "pair_by", "did you mean data.train_size?"),
        ({"kind": "increasing", "over": "train_sizes"}, "over", "did you mean data.train_size?"),
        ({"column": "zzz"}, "column", "it has data.labels.corruption, data.train_size,"),
    ],
)
def test_an_unknown_column_is_refused_with_the_nearest_known_one(changed, field, near):
    kind = changed.get("kind", "higher")
    found = problems(claim(kind, **{key: value for key, value in changed.items() if key != "kind"}))
    assert found[0][0] == f"claims.0.{field}"
    assert "is no column of results" in found[0][1]
    assert near in found[0][1]


def test_what_is_unknown_of_a_table_is_not_held_against_a_claim():
    assert not problems(claim("higher", table="bounds", column="anything"))
    assert not problems(claim("higher", column="anything"), known=lambda table: None)


def test_an_id_is_used_once():
    found = problems(claim("higher", id="one"), claim("lower", id="two"), claim("lower", id="one"))
    assert found == [("claims.2.id", "'one' is the id of claims.0 already")]


@pytest.mark.parametrize(
    ("kind", "changed", "field", "words"),
    [
        ("higher", {"a": TRUE}, "b", "can be in a and in b"),
        ("higher", {"a": {SIZE: 500}}, "b", "can be in a and in b"),
        ("higher", {"where": {CORRUPTION: 0.0}}, "a", "another value in `where`"),
        ("higher", {"pair_by": [CORRUPTION]}, "pair_by", "tells a from b"),
        ("higher", {"a": {"seed": 0}, "b": {"seed": 1}}, "a", "tells a from b"),
        ("increasing", {"over": SIZE, "where": {SIZE: 500}}, "over", "one value only"),
        ("increasing", {"over": "seed"}, "over", "repetitions"),
        ("correlates", {"over": "final.test_error", "at_least": 0}, "over", "the claim's column too"),
        ("correlates", {"over": SIZE, "at_least": 0, "pair_by": [CORRUPTION]}, "pair_by", "pairs no rows"),
        ("crosses", {"over": CORRUPTION}, "over", "tells a from b"),
        ("higher", {"table": "history", "column": "test_error"}, "table", "many rows in history; name epoch or step"),
        ("higher", {"table": "measures", "column": "value"}, "table", "many rows in measures; name measure"),
    ],
)
def test_a_claim_that_contradicts_itself_is_refused(kind, changed, field, words):
    found = problems(claim(kind, **changed))
    assert (f"claims.0.{field}", True) in [(key, words in message) for key, message in found]
