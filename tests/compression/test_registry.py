from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from genlab.compression.methods import COMPRESSORS
from genlab.compression.methods.svd_truncation import LowRank
from genlab.compression.registry import compressor


@pytest.fixture(autouse=True)
def registry_left_alone():
    before = dict(COMPRESSORS)
    yield
    COMPRESSORS.clear()
    COMPRESSORS.update(before)


def register(function, **settings):
    compressor(**{"paper": "Someone 2017", "form": LowRank} | settings)(function)
    return COMPRESSORS[function.__name__]


def halved(
    layers,
    generator,
    *,
    part: Annotated[float, Field(gt=0, le=1)] | None = None,
    count: Annotated[int, Field(ge=1)] | None = None,
    order: Literal["up", "down"] = "up",
):
    """First line.

    More.

    Args:
        part: What is kept,
            in words of two lines.
        count, order: Something of both.

    Raises:
        UsageError: never.
    """


def test_a_method_is_an_ordinary_function():
    found = register(halved, one_of=("part", "count"), example={"part": 0.5})
    assert found.function is halved
    assert (found.name, found.about, found.paper, found.form) == ("halved", "First line.", "Someone 2017", LowRank)


def test_parameters_without_default_are_inputs_and_the_others_options():
    found = register(halved, one_of=("part", "count"), example={"part": 0.5})
    assert found.inputs == ("layers", "generator")
    assert {name: option.default for name, option in found.options.items()} == {
        "part": None,
        "count": None,
        "order": "up",
    }


def test_the_section_of_a_config_follows_from_the_signature():
    section = register(halved, one_of=("part", "count"), example={"part": [0.5, 0.1]}).section
    assert section.__doc__ == "First line."
    assert list(section.model_fields) == ["name", "part", "count", "order", "layers"]
    assert section.model_fields["part"].description == "What is kept, in words of two lines."
    assert section.model_fields["order"].description == "Something of both."
    found = section.model_validate({"name": "halved", "part": 0.5, "order": ["down", "up"], "layers": 3})
    assert (found.part, found.count, found.order, found.layers) == ((0.5,), (), ("down", "up"), ("3",))
    for values, message in [
        ({"part": 1.5}, "less than or equal to 1"),
        ({"count": 0}, "greater than or equal to 1"),
        ({"part": 0.5, "order": "sideways"}, "'up' or 'down'"),
        ({"part": [0.5, 0.5]}, "0.5 is there more than once"),
        ({"order": "up"}, r"halved needs part or count, e\.g\. part: \[0\.5, 0\.1\]"),
        ({"part": 0.5, "parts": 1}, "Extra inputs"),
    ]:
        with pytest.raises(ValidationError, match=message):
            section.model_validate({"name": "halved"} | values)


def test_a_method_may_have_no_options():
    def plain(layers):
        """It."""

    assert register(plain).section.model_validate({"name": "plain"}).layers == ("all",)


def refused_functions():
    def misspelt(layerz):
        """It."""

    def undocumented(layers):
        pass

    def silent(layers, *, part: float = 0.5):
        """It."""

    def untyped(layers, *, part=0.5):
        """It.

        Args:
            part: x.
        """

    def unlimited(layers, *, part: Annotated[float, Field(le=1)] = 2.0):
        """It.

        Args:
            part: x.
        """

    def taken(layers, *, name: str = "a"):
        """It.

        Args:
            name: x.
        """

    return [
        (misspelt, "misspelt: no input named 'layerz'; did you mean layers"),
        (undocumented, "undocumented has no docstring"),
        (silent, "option part is not described under Args"),
        (untyped, "option part is annotated with"),
        (unlimited, "default of option part: must be less than or equal to 1, not 2.0"),
        (taken, "name is a key of every method"),
    ]


@pytest.mark.parametrize(("function", "message"), refused_functions(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_cannot_be_a_method_is_refused_when_it_is_imported(function, message):
    with pytest.raises(TypeError, match=message):
        register(function)
    assert function.__name__ not in COMPRESSORS


def test_one_of_names_options_that_may_be_absent():
    for names in (("order",), ("prat",)):
        with pytest.raises(TypeError, match=f"{names[0]} of one_of is no option with the default None"):
            register(halved, one_of=names, example={"part": 0.5})


def test_an_example_is_a_config_that_is_accepted():
    with pytest.raises(TypeError, match="halved: its example is refused"):
        register(halved, one_of=("part",), example={"part": [2.0]})
    with pytest.raises(TypeError, match="halved: its example is refused"):
        register(halved, one_of=("part",))


def test_a_name_is_given_once():
    def svd_truncation(layers):
        """Again."""

    with pytest.raises(ValueError, match=r"svd_truncation is defined twice: genlab\.compression\.methods\.svd_trunc"):
        register(svd_truncation)
