import inspect
import typing

import pytest
from pydantic import TypeAdapter, ValidationError

from genlab.config.schema.claim import Claim
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


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "correlates", "over": "x"}, "either at_least or at_most"),
        ({"kind": "correlates", "over": "x", "at_least": 0.1, "at_most": 0.2}, "either at_least or at_most"),
        ({"kind": "ratio_between", "a": {"x": 1}, "b": {"x": 2}, "low": 2, "high": 1}, "low must be below high"),
        ({"kind": "crosses", "over": "x", "a": {"x": 1}, "b": {"x": 2}, "low": 2, "high": 2}, "low must be below high"),
        ({"kind": "close_to", "target": 1, "tolerance": 0}, "greater than 0"),
        ({"kind": "higher", "a": {}, "b": {"x": 1}}, "at least 1"),
        ({"kind": "higher", "a": {"x": 0}, "b": {"x": 1}, "table": "timings"}, "pattern"),
        ({"kind": "highest"}, "kind"),
    ],
)
def test_limits_that_nothing_can_meet_are_refused(changed, words):
    with pytest.raises(ValidationError, match=words):
        TypeAdapter(Claim).validate_python({"id": "a", "says": "b", "source": "c", "column": "d"} | changed)
