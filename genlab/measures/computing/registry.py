"""The @measure decorator: a name, its source, the inputs that the signature asks for and the options it offers."""

import difflib
import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin

from genlab.measures.computing.value import NotApplicable, Value
from genlab.measures.inputs import INPUTS

__all__ = ["MEASURES", "Measure", "NotApplicable", "Option", "Value", "measure", "nearest"]

SCALARS = (bool, int, float, str)
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Option:
    """A parameter of a measure that has a default, settable from YAML.

    Attributes:
        kind: bool, int, float or str.
        choices: the allowed values of a `Literal`, else empty.
        default: the value that the options column leaves out.
    """

    name: str
    kind: type
    choices: tuple[Any, ...]
    default: Any

    def parse(self, value: Any) -> Any:
        """The value in the option's own type. A float option takes whole numbers and the words inf and -inf.

        Raises:
            ValueError: another type, not one of the choices, or not a number.
        """
        if self.choices:
            if value not in self.choices or type(value) not in {type(choice) for choice in self.choices}:
                raise ValueError(f"{value!r} is not one of {', '.join(map(str, self.choices))}")
            return value
        if self.kind is float:
            if isinstance(value, str) and value in ("inf", "-inf"):
                return float(value)
            if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
                return float(value)
        elif type(value) is self.kind:
            return value
        raise ValueError(f"{value!r} is not of type {self.kind.__name__}")


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
        if not (inspect.getdoc(function) or "").strip():
            raise TypeError(f"measure {name} has no docstring: it states its definition there")
        if name in MEASURES:
            raise ValueError(f"measure {name} is defined twice: {MEASURES[name].function.__module__} has it already")
        inputs, options = [], {}
        for parameter in inspect.signature(function).parameters.values():
            if parameter.default is inspect.Parameter.empty:
                if parameter.name not in INPUTS:
                    raise TypeError(
                        f"measure {name}: no input named {parameter.name!r}{nearest(parameter.name, INPUTS)}"
                    )
                inputs.append(parameter.name)
            else:
                options[parameter.name] = _option(name, parameter)
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
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known) or 'none'}"


def _option(measure_name: str, parameter: inspect.Parameter) -> Option:
    annotation = parameter.annotation
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        kind = type(choices[0])
    else:
        choices, kind = (), annotation
    if kind not in SCALARS:
        raise TypeError(
            f"measure {measure_name}: option {parameter.name} is annotated with {annotation!r}; "
            "use bool, int, float, str or a Literal"
        )
    option = Option(parameter.name, kind, choices, parameter.default)
    try:
        option.parse(parameter.default)
    except ValueError as error:
        raise TypeError(f"measure {measure_name}: default of option {parameter.name}: {error}") from None
    return option
