"""The @measure decorator: a name, its source, the inputs that the signature asks for and the options it offers."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from genlab.config import validation
from genlab.config.signature import Option, read_signature
from genlab.measures.computing.value import NotApplicable, Value
from genlab.measures.inputs import INPUTS

__all__ = ["MEASURES", "Measure", "NotApplicable", "Option", "Value", "measure", "nearest"]

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Measure:
    """A registered measure.

    Attributes:
        family: the file that it is in.
        paper, equation: where it is from.
        unit: of the value: log (natural logarithm), count, logit, logit^-2, nat, or 1.
        table: whether it returns a DataFrame, which becomes a file of its own.
        inputs: names of the inputs that it needs, all in `inputs.INPUTS`.
        options: by name.
        function: itself; callable with plain tensors.
    """

    name: str
    family: str
    paper: str
    equation: str
    unit: str
    table: bool
    inputs: tuple[str, ...]
    options: dict[str, Option]
    function: Callable[..., Any]

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").splitlines()[0]


MEASURES: dict[str, Measure] = {}


def measure(*, paper: str, equation: str, unit: str, table: bool = False) -> Callable[[Function], Function]:
    """Register a function as a measure under its own name; the function itself is returned unchanged.

    Parameters without a default are inputs, found by name. Parameters with a default are options and are annotated
    with bool, int, float, str or a `Literal`. The function returns a float, a `Value`, a dict from layer name to either
    of these, or, with `table`, a DataFrame; where it does not apply it raises `NotApplicable` with the reason.

    Raises:
        TypeError: an unknown input, an option without a usable type, or no docstring.
        ValueError: the name is taken.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        if name in MEASURES:
            raise ValueError(f"measure {name} is defined twice: {MEASURES[name].function.__module__} has it already")
        inputs, options = read_signature(f"measure {name}", function, INPUTS)
        MEASURES[name] = Measure(
            name=name,
            family=function.__module__.rsplit(".", 1)[-1],
            paper=paper,
            equation=equation,
            unit=unit,
            table=table,
            inputs=tuple(inputs),
            options=options,
            function=function,
        )
        return function

    return register


def nearest(name: str, known: Iterable[str]) -> str:
    """'; did you mean X?' with the closest of the known names, or the known names where none is close."""
    return f"; {validation.nearest(name, sorted(known))}"
