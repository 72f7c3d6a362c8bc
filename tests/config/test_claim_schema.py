import inspect
import re
import typing

import pytest
from pydantic import TypeAdapter, ValidationError

from genlab.config.schema.claim import LONGEST_ID, Claim, is_range, one_value, with_ids
from genlab.config.yaml_source import parse

SECTIONS = typing.get_args(typing.get_args(Claim)[0])


def examples(section):
    """The examples in a section's docstring, as the YAML that a sweep file would have."""
    text = inspect.getdoc(section).partition("Examples:\n")[2]
    source = parse(text, section.__name__)
    assert not source.problems, source.problems
    return source.value or []


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_kind_of_claim_is_documented_with_a_valid_example(section):
    shown = [TypeAdapter(Claim).validate_python(example) for example in examples(section)]
    assert {claim.kind for claim in shown} == set(typing.get_args(section.model_fields["kind"].annotation))
    assert all(type(claim) is section for claim in shown)


def valid(**changed):
    return TypeAdapter(Claim).validate_python({"id": "a", "says": "b", "source": "c", "column": "d"} | changed)


HIGHER = {"kind": "higher", "a": {"x": 0}, "b": {"x": 1}}
ONE_OF = "x has one value, or {at_least: ..., at_most: ...}, or {place: first}"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "correlates", "over": "x"}, "either at_least or at_most"),
        ({"kind": "correlates", "over": "x", "at_least": 0.1, "at_most": -0.2}, "either at_least or at_most"),
        ({"kind": "correlates", "over": "x", "at_least": 0}, "greater than 0"),
        ({"kind": "correlates", "over": "x", "at_least": 1.1}, "less than or equal to 1"),
        ({"kind": "correlates", "over": "x", "at_most": 0}, "less than 0"),
        ({"kind": "correlates", "over": "x", "at_most": -1.1}, "greater than or equal to -1"),
        ({"kind": "correlates", "over": "x", "at_least": 0.1, "coefficient": "rho"}, "'tau' or 'psi'"),
        ({"kind": "increasing", "over": "x", "a": {"x": 1}}, "a difference needs both a and b"),
        ({"kind": "decreasing_at_every_step", "over": "x", "b": {"x": 1}}, "a difference needs both a and b"),
        ({"kind": "increasing"}, "over"),
        ({"kind": "ratio_between", "a": {"x": 1}, "b": {"x": 2}, "low": 2, "high": 1}, "low must be below high"),
        ({"kind": "crosses", "over": "x", "a": {"x": 1}, "b": {"x": 2}, "low": 2, "high": 2}, "low must be below high"),
        ({"kind": "close_to", "target": 1, "tolerance": 0}, "greater than 0"),
        ({"kind": "higher", "a": {}, "b": {"x": 1}}, "at least 1"),
        (HIGHER | {"table": "timings"}, "pattern"),
        (HIGHER | {"source": ""}, "at least 1"),
        ({"kind": "highest"}, "kind"),
    ],
)
def test_limits_that_nothing_can_meet_are_refused(changed, words):
    with pytest.raises(ValidationError, match=words):
        valid(**changed)


@pytest.mark.parametrize(
    "asked", [{"at_least": 1}, {"at_most": 2.5}, {"at_least": 1, "at_most": 1}, {"place": "first"}, {"place": "last"}]
)
@pytest.mark.parametrize("field", ["where", "a", "b"])
def test_a_condition_may_ask_for_a_range_or_for_a_place(field, asked):
    assert getattr(valid(**HIGHER | {field: {"x": asked}}), field) == {"x": asked}
    assert is_range(asked)
    assert one_value(asked) == ("place" in asked)


@pytest.mark.parametrize("asked", [1, "first", [64], None, True])
def test_what_is_no_mapping_is_one_value(asked):
    assert valid(**HIGHER | {"where": {"x": asked}}).where == {"x": asked}
    assert not is_range(asked)
    assert one_value(asked)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, ONE_OF),
        ({"at_lest": 1}, ONE_OF),
        ({"at_least": 1, "above": 2}, ONE_OF),
        ({"place": "first", "at_least": 1}, ONE_OF),
        ({"place": "second"}, "the place in x is first or last"),
        ({"at_least": "1"}, "at_least and at_most of x are numbers"),
        ({"at_most": True}, "at_least and at_most of x are numbers"),
        ({"at_least": None}, "at_least and at_most of x are numbers"),
        ({"at_least": 2, "at_most": 1}, "at_least of x is above at_most, so that no number fits"),
    ],
)
@pytest.mark.parametrize("field", ["where", "a", "b"])
def test_a_range_that_is_none_is_refused_with_its_column(field, asked, words):
    with pytest.raises(ValidationError, match=re.escape(words)):
        valid(**HIGHER | {field: {"x": asked}})


def test_a_claim_knows_its_groups_and_what_it_goes_along():
    assert [name for name, _ in valid(**HIGHER).sides] == ["a", "b"]
    assert valid(**HIGHER).along is None
    trend = valid(kind="increasing", over="x")
    assert (trend.sides, trend.along) == ((), "x")
    gap = valid(kind="increasing", over="x", a={"y": 1}, b={"y": 2})
    assert gap.sides == (("a", {"y": 1}), ("b", {"y": 2}))


def ids(*claims):
    """Of claims given as (id, sentence), or as a sentence alone."""
    given = [{"says": one} if isinstance(one, str) else dict(zip(("id", "says"), one, strict=True)) for one in claims]
    known = {"kind": "increasing", "over": "x", "column": "y"}
    return [claim.id for claim in with_ids([TypeAdapter(Claim).validate_python(known | one) for one in given])]


def test_a_claim_without_an_id_has_one_of_the_words_of_its_sentence():
    assert ids("Random labels have the higher test error.") == ["random-labels-have-the-higher-test-error"]
    assert ids("The l2-norm doesn't shrink (Müller, 5 %).") == ["the-l2-norm-doesnt-shrink-muller-5"]
    (long,) = ids("Each doubling of the number of hidden units up to 128 lowers the test error by half.")
    assert long == "each-doubling-of-the-number-of-hidden-units-up"
    assert ids("x" * 99) == ["x" * LONGEST_ID]


def test_an_id_of_a_sentence_stays_when_other_claims_come_and_go():
    first, second = "It grows.", "It does not."
    assert ids(first, second) == ["it-grows", "it-does-not"]
    assert ids(second, "Another one.", first)[::2] == ["it-does-not", "it-grows"]


def test_ids_of_sentences_are_unique_and_valid_whatever_the_sentences():
    found = ids("Twice.", "Twice!", ("twice-2", "Mine."), "TWICE", "大きい。", "小さい。", "...")
    assert found[:4] == ["twice", "twice-3", "twice-2", "twice-4"]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch("[a-z0-9][a-z0-9-]*", one) for one in found)


def test_an_id_that_is_given_is_left_alone():
    assert ids(("a", "Same."), ("a", "Same.")) == ["a", "a"]
