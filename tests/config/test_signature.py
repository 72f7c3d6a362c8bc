import math
from typing import Annotated, Literal

import pytest
from pydantic import Field

from genlab.config.signature import descriptions, read_signature


def options_of(function):
    return read_signature("thing f", function, ["x"])[1]


def f(
    x,
    part: Annotated[float, Field(gt=0, le=1)] = 0.5,
    count: Annotated[int, Field(ge=1)] | None = None,
    form: Literal["max", "sum"] = "max",
    word: str | None = None,
):
    """It.

    Args:
        x: nothing.
        part: of it,
            in two lines: really.
        count, form: two
            in one.

    Returns:
        word: not this one.
    """


def test_inputs_have_no_default_and_options_have_one():
    inputs, options = read_signature("thing f", f, ["y", "x"])
    assert inputs == ["x"]
    assert {name: (option.kind, option.default) for name, option in options.items()} == {
        "part": (float, 0.5),
        "count": (int, None),
        "form": (str, "max"),
        "word": (str, None),
    }
    assert options["form"].choices == ("max", "sum")


def test_limits_hold_for_values_from_yaml():
    options = options_of(f)
    assert options["part"].parse(1) == 1.0
    assert options["count"].parse(3) == 3
    assert options["word"].parse(3) == "3"
    for name, value, message in [
        ("part", 0, r"must be greater than 0, not 0"),
        ("part", 1.5, r"must be less than or equal to 1, not 1\.5"),
        ("part", "inf", "must be less than or equal to 1, not inf"),
        ("count", 0, "must be greater than or equal to 1, not 0"),
        ("count", 2.0, r"2\.0 is not of type int"),
        ("form", "mean", "'mean' is not one of max, sum"),
        ("word", 3.0, r"3\.0 is not of type str"),
    ]:
        with pytest.raises(ValueError, match=message):
            options[name].parse(value)


def test_a_number_without_limits_may_be_infinite():
    def unlimited(x, p: float = 2.0):
        """It."""

    assert options_of(unlimited)["p"].parse("-inf") == -math.inf


def test_a_type_that_no_config_can_hold_is_refused():
    def untyped(x, a=2):
        """It."""

    def without_none(x, a: int = None):  # noqa: RUF013
        """It."""

    def of_three(x, a: int | str | None = None):
        """It."""

    def listed(x, a: list | None = None):
        """It."""

    def with_none(x, a: int | None = 3):
        """It."""

    for function in (untyped, without_none, of_three, listed, with_none):
        with pytest.raises(TypeError, match="thing f: option a is annotated with"):
            options_of(function)


def test_a_default_is_within_its_limits():
    def outside(x, a: Annotated[int, Field(ge=1)] = 0):
        """It."""

    with pytest.raises(TypeError, match="thing f: default of option a: must be greater than or equal to 1, not 0"):
        options_of(outside)


def test_what_is_no_input_is_told_with_the_nearest():
    def misspelt(xx):
        """It."""

    with pytest.raises(TypeError, match=r"thing f: no input named 'xx'; did you mean xxx\?"):
        read_signature("thing f", misspelt, ["xxx"])
    with pytest.raises(TypeError, match="thing f: no input named 'xx'; known: none"):
        read_signature("thing f", misspelt, [])


def test_what_says_nothing_is_refused():
    def silent(x):
        pass

    with pytest.raises(TypeError, match="thing f has no docstring"):
        options_of(silent)


def test_descriptions_are_those_under_args():
    assert descriptions(f) == {
        "x": "nothing.",
        "part": "of it, in two lines: really.",
        "count": "two in one.",
        "form": "two in one.",
    }
    assert descriptions(options_of) == {}
