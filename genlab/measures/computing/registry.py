"""The @measure decorator: a name, its source, the inputs that the signature asks for and the options it offers."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from genlab.config.signature import Option, read_signature
from genlab.measures.computing.value import NotApplicable, Value
from genlab.measures.inputs import INPUTS

__all__ = ["COSTS", "MEASURES", "Measure", "NotApplicable", "Option", "Value", "measure"]

Cost = Literal["weights", "pass", "passes"]
# What a measure takes, from the least to the most, in the words of the documents.
COSTS: dict[Cost, str] = {
    "weights": "no training image goes through the net: weights, shapes or the history are enough",
    "pass": "the training images go through the net once or twice, or some of them do",
    "passes": "they go through it many times, or the gradient of each is wanted",
}
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Measure:
    """A registered measure.

    Attributes:
        family: the file that it is in.
        paper, equation: where it is from.
        unit: of the value: log (natural logarithm), count, logit, logit^-2, nat, or 1.
        cost: what it takes, one of `COSTS`.
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
    cost: Cost
    table: bool
    inputs: tuple[str, ...]
    options: dict[str, Option]
    function: Callable[..., Any]

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring, in one line."""
        return " ".join((inspect.getdoc(self.function) or "").partition("\n\n")[0].split())

    @property
    def quick(self) -> bool:
        """Whether it takes no more than a pass or two over the images."""
        return self.cost != "passes"


MEASURES: dict[str, Measure] = {}


def measure(*, paper: str, equation: str, unit: str, cost: Cost, table: bool = False) -> Callable[[Function], Function]:
    """Register a function as a measure under its own name; the function itself is returned unchanged.

    Parameters without a default are inputs, found by name. Parameters with a default are options and are annotated
    with bool, int, float, str or a `Literal`. The function returns a float, a `Value`, a dict from layer name to either
    of these, or, with `table`, a DataFrame; where it does not apply it raises `NotApplicable` with the reason.

    Raises:
        TypeError: an unknown input, an option without a usable type, an unknown cost, or no docstring.
        ValueError: the name is taken.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        if name in MEASURES:
            raise ValueError(f"measure {name} is defined twice: {MEASURES[name].function.__module__} has it already")
        if cost not in COSTS:
            raise TypeError(f"measure {name}: cost {cost!r} is not one of {', '.join(COSTS)}")
        inputs, options = read_signature(f"measure {name}", function, INPUTS)
        MEASURES[name] = Measure(
            name=name,
            family=function.__module__.rsplit(".", 1)[-1],
            paper=paper,
            equation=equation,
            unit=unit,
            cost=cost,
            table=table,
            inputs=tuple(inputs),
            options=options,
            function=function,
        )
        return function

    return register
