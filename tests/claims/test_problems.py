import pytest

from genlab.claims.verdicts import claim_problems
from genlab.rundir.columns import HISTORY_COLUMNS
from tests.claims.examples import AXES, CORRUPTION, RANDOM, SIZE, TRUE, claim

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
        claim("increasing", id="g", over=SIZE, where={SIZE: {"at_least": 500}}),
        claim("decreasing", id="h", over=SIZE, a=RANDOM, b=TRUE),
        claim("correlates", id="c", column="measure.log_l2_norm", over="final.test_error", at_least=0.1),
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
        ("increasing", {"over": SIZE, "where": {SIZE: {"place": "last"}}}, "over", "one value only"),
        ("increasing", {"over": SIZE, "a": {SIZE: 1}, "b": {SIZE: 2}}, "over", "tells a from b"),
        ("increasing", {"over": SIZE, "a": TRUE, "b": TRUE}, "b", "can be in a and in b"),
        ("increasing", {"over": "seed"}, "over", "repetitions"),
        ("correlates", {"over": "final.test_error", "at_least": 0.1}, "over", "the claim's column too"),
        ("correlates", {"over": SIZE, "at_least": 0.1, "pair_by": [CORRUPTION]}, "pair_by", "pairs no rows"),
        ("crosses", {"over": CORRUPTION}, "over", "tells a from b"),
        ("higher", {"table": "history", "column": "test_error"}, "table", "many rows in history; name epoch or step"),
        ("higher", {"table": "measures", "column": "value"}, "table", "many rows in measures; name measure"),
    ],
)
def test_a_claim_that_contradicts_itself_is_refused(kind, changed, field, words):
    found = problems(claim(kind, **changed))
    assert (f"claims.0.{field}", True) in [(key, words in message) for key, message in found]


# where the cells' settings are known


def settings(key):
    return {CORRUPTION: ["0", "1"], SIZE: ["500", "1000"], "model.name": ["mlp"], "model.depth": [None]}.get(key)


def refused(*claims):
    return [(problem.key, problem.message) for problem in claim_problems(claims, columns, AXES, settings)]


def test_conditions_that_cells_meet_are_no_problem():
    assert not refused(
        claim("higher", id="a", where={SIZE: 500}),
        claim("higher", id="b", where={SIZE: {"at_least": 500}, "model.name": "mlp"}),
        claim("higher", id="c", a={CORRUPTION: "random"}, b={CORRUPTION: True}),
        claim("higher", id="d", a={SIZE: {"place": "last"}}, b={SIZE: {"place": "first"}}),
        claim("higher", id="e", a={SIZE: {"at_least": 600}}, b={SIZE: {"at_most": 600}}),
        claim("increasing", id="f", over=SIZE, where={SIZE: {"at_least": 500}}),
        claim("higher", id="g", where={SIZE: {"at_most": 600}}, a=RANDOM | {SIZE: 500}),
    )


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"where": {SIZE: 700}}, "where", "no cell has data.train_size=700; they have 500, 1000"),
        ({"a": {CORRUPTION: 0.5}}, "a", "no cell has data.labels.corruption=0.5; they have 0, 1"),
        ({"b": {CORRUPTION: 0.5}}, "b", "no cell has data.labels.corruption=0.5; they have 0, 1"),
        ({"where": {"model.name": "vgg"}}, "where", "no cell has model.name=vgg; they have mlp"),
        ({"where": {SIZE: {"at_least": 1001}}}, "where", "no cell has data.train_size of at least 1001; they have 500"),
        ({"where": {SIZE: {"at_most": 499.5}}}, "where", "no cell has data.train_size of at most 499.5; they"),
        ({"where": {SIZE: {"at_least": 501, "at_most": 999}}}, "where", "size of at least 501 and at most 999; they"),
        ({"where": {"model.name": {"place": "first"}}}, "where", "no cell has a first model.name; they have mlp"),
        ({"where": {"model.depth": 11}}, "where", "no cell has model.depth"),
    ],
)
def test_a_condition_that_no_cell_meets_is_refused_with_what_cells_have(changed, field, message):
    ((key, said),) = [problem for problem in refused(claim("higher", **changed)) if "no column" not in problem[1]]
    assert key == f"claims.0.{field}"
    assert message in said


def test_what_is_no_setting_of_the_cells_is_not_looked_at():
    assert not refused(claim("higher", table="measures", column="value", where={"measure": "m", "layer": "none"}))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({SIZE: {"at_least": 500}}, {SIZE: {"at_most": 500}}),
        ({SIZE: {"at_least": 500}}, {SIZE: 1000}),
        ({SIZE: {"place": "last"}}, {SIZE: {"at_least": 1000}}),
        ({SIZE: 500}, {SIZE: 500.0}),
        ({CORRUPTION: "random"}, {CORRUPTION: 1}),
    ],
)
def test_groups_that_share_a_cell_are_refused(a, b):
    assert refused(claim("higher", a=a, b=b)) == [
        ("claims.0.b", "a row can be in a and in b; give both the same column with different values")
    ]


def test_a_range_without_the_value_of_a_group_is_refused():
    found = refused(claim("higher", where={SIZE: {"at_least": 600}}, a=RANDOM | {SIZE: 500}))
    assert found == [("claims.0.a", "'data.train_size' is another value in `where`, so that no row fits")]
    history = {"table": "history", "column": "test_error"}
    assert not refused(claim("higher", **history, where={"epoch": {"at_least": 3}}, a=RANDOM | {"epoch": 2}))
