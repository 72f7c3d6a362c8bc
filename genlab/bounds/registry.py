"""The @bound decorator: a name, its source, the inputs that the signature asks for and the options it offers."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from genlab.bounds.terms import Bar
from genlab.config.signature import Option, read_signature
from genlab.measures.inputs import INPUTS

Function = TypeVar("Function", bound=Callable[..., Bar])


@dataclass(frozen=True)
class Bound:
    """A registered bound.

    Attributes:
        paper, equation: where it is from.
        formula: what its value is, in the names of its terms.
        left_out: what the theorem has besides, in words.
        inputs: names of inputs of measures that it needs.
        options: by name.
        function: itself; callable with plain tensors.
    """

    name: str
    paper: str
    equation: str
    formula: str
    left_out: str
    inputs: tuple[str, ...]
    options: dict[str, Option]
    function: Callable[..., Bar]

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring, in one line."""
        return " ".join((inspect.getdoc(self.function) or "").partition("\n\n")[0].split())


BOUNDS: dict[str, Bound] = {}


def bound(*, paper: str, equation: str, formula: str, left_out: str) -> Callable[[Function], Function]:
    """Register a function as a bound under its own name; the function itself is returned unchanged.

    Parameters without a default are inputs of measures, found by name; those with a default are options. It returns a
    `Bar`, or raises `NotApplicable` with the reason why the net has none.

    Raises:
        TypeError: an unknown input, an option without a usable type, or no docstring.
        ValueError: the name is taken.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        if name in BOUNDS:
            raise ValueError(f"bound {name} is defined twice: {BOUNDS[name].function.__module__} has it already")
        inputs, options = read_signature(f"bound {name}", function, INPUTS)
        BOUNDS[name] = Bound(name, paper, equation, formula, left_out, tuple(inputs), options, function)
        return function

    return register
