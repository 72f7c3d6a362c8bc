"""What a registered function says in its signature: inputs, found by name, and options with types, limits, defaults."""

import inspect
import math
import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from genlab.config.validation import in_words_of_yaml, nearest

SCALARS = (bool, int, float, str)


@dataclass(frozen=True)
class Option:
    """A parameter that has a default, settable from YAML.

    Attributes:
        kind: bool, int, float or str.
        choices: the allowed values of a `Literal`, else empty.
        default: the value that a label leaves out; None where the option is not given unless it is asked for.
        annotation: as in the signature, without None: what pydantic reads kind, choices and limits from.
    """

    name: str
    kind: type
    choices: tuple[Any, ...]
    default: Any
    annotation: Any

    def parse(self, value: Any) -> Any:
        """The value in the option's own type.

        A float option takes whole numbers and the words inf and -inf; one of text whole numbers, as some names are.

        Raises:
            ValueError: another type, not one of the choices, not a number, or outside the limits.
        """
        if self.choices:
            if value not in self.choices or type(value) not in {type(choice) for choice in self.choices}:
                raise ValueError(f"{value!r} is not one of {', '.join(map(str, self.choices))}")
            return value
        if self.kind is float:
            if isinstance(value, str) and value in ("inf", "-inf"):
                return self._within_limits(float(value))
            if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
                return self._within_limits(float(value))
        elif self.kind is str and type(value) is int:
            return self._within_limits(str(value))
        elif type(value) is self.kind:
            return self._within_limits(value)
        raise ValueError(f"{value!r} is not of type {self.kind.__name__}")

    def _within_limits(self, value: Any) -> Any:
        try:
            return TypeAdapter(self.annotation).validate_python(value, strict=True)
        except ValidationError as error:
            raise ValueError(f"{in_words_of_yaml(error.errors()[0])}, not {value!r}") from None


def read_signature(
    who: str, function: Callable[..., Any], inputs: Iterable[str]
) -> tuple[list[str], dict[str, Option]]:
    """The inputs that a function asks for, and its options by name.

    Parameters without a default are inputs. Parameters with a default are options and are annotated with bool, int,
    float, str or a `Literal`, in `Annotated[..., Field(ge=..., le=...)]` where there are limits, and with `| None`
    where the default is None.

    Args:
        who: what the function is, for messages, e.g. "measure frobenius_norm".
        inputs: the names of those there are.

    Raises:
        TypeError: an unknown input, an option without a usable type or default, or no docstring.
    """
    if not (inspect.getdoc(function) or "").strip():
        raise TypeError(f"{who} has no docstring: it states its definition there")
    known = sorted(inputs)
    asked, options = [], {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            options[parameter.name] = _option(who, parameter)
        elif parameter.name in known:
            asked.append(parameter.name)
        else:
            raise TypeError(f"{who}: no input named {parameter.name!r}; {nearest(parameter.name, known)}")
    return asked, options


def descriptions(function: Callable[..., Any]) -> dict[str, str]:
    """What a docstring says under `Args:` of each argument, in one line each."""
    found: dict[str, str] = {}
    names: list[str] = []
    _, _, block = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    for line in block.partition("\n\n")[0].splitlines():
        if match := re.match(r"    (\w+(?:, \w+)*): +(.*)", line):
            names = match[1].split(", ")
            found |= dict.fromkeys(names, match[2].strip())
        else:
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def _option(who: str, parameter: inspect.Parameter) -> Option:
    annotation = _without_none(parameter.annotation) if parameter.default is None else parameter.annotation
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    choices = get_args(plain) if get_origin(plain) is Literal else ()
    kind = type(choices[0]) if choices else plain
    if kind not in SCALARS:
        raise TypeError(
            f"{who}: option {parameter.name} is annotated with {parameter.annotation!r}; "
            "use bool, int, float, str or a Literal, and | None where the default is None"
        )
    option = Option(parameter.name, kind, choices, parameter.default, annotation)
    if option.default is not None:
        try:
            option.parse(option.default)
        except ValueError as error:
            raise TypeError(f"{who}: default of option {parameter.name}: {error}") from None
    return option


def _without_none(annotation: Any) -> Any:
    """X of `X | None`; what is anything else, a lone X too, is no type for an option that may be absent."""
    parts = [part for part in get_args(annotation) if part is not types.NoneType]
    of_two = get_origin(annotation) in (Union, types.UnionType) and len(get_args(annotation)) == 2
    return parts[0] if of_two and len(parts) == 1 else None
