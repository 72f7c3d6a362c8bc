"""Conditions as `--where` has them; how they fit values of runs is in test_listing.py."""

import pytest

from genlab.errors import UsageError
from genlab.rundir.conditions import Condition


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("seed=1", ("seed", "=", "1")),
        (" final.test_error <= 0.5 ", ("final.test_error", "<=", "0.5")),
        ("reason=", ("reason", "=", "")),
        ("name!=a b", ("name", "!=", "a b")),
        ("measure.sharpness[alpha=0.1]<3", ("measure.sharpness[alpha=0.1]", "<", "3")),
        ("measure.x[a=1,b=2]=4", ("measure.x[a=1,b=2]", "=", "4")),
        ("model.widths=[3, 4]", ("model.widths", "=", "[3, 4]")),
    ],
)
def test_a_condition_is_a_column_a_comparison_and_a_value(text, parts):
    read = Condition.read(text)
    assert (read.key, read.sign, read.value) == parts


@pytest.mark.parametrize("text", ["seed", "=3", "measure.x[a=1]", "measure.x[a=1<3", "a<>b"])
def test_what_is_no_condition_is_told_with_the_form_of_one(text):
    with pytest.raises(UsageError, match="a condition is KEY=VALUE"):
        Condition.read(text)


def test_values_are_compared_by_their_one_form():
    assert Condition.read("x=[16]").fits(16)
    assert Condition.read("x=1").fits(1.0)
    assert Condition.read("x=0123").fits("0123"), "an id of digits alone"
    assert not Condition.read("x<3").fits("word")
    assert not Condition.read("x<3").fits(None)
    assert Condition.read("x!=3").fits(None)
