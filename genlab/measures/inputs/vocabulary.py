"""What a measure may ask for, by parameter name. Each is computed once a run, on first use."""

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from genlab.measures.inputs.subject import Subject

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Input:
    """A registered input.

    Attributes:
        summary: the first line of its docstring.
        needs: the other inputs that it is computed from; `subject` and `consumer` are given.
    """

    name: str
    summary: str
    needs: tuple[str, ...]
    function: Callable[..., Any]


INPUTS: dict[str, Input] = {}
GIVEN = ("subject", "consumer")


def provides(function: Function) -> Function:
    """Register a function as the input of its own name. Its parameters name other inputs, above it in the file.

    `subject` is the `Subject`; `consumer` the name of the measure or input that asks, and such an input is made anew
    for each.

    Raises:
        TypeError: a parameter that is neither an input nor given.
    """
    needs = tuple(inspect.signature(function).parameters)
    for name in needs:
        if name not in INPUTS and name not in GIVEN:
            raise TypeError(f"input {function.__name__}: nothing provides {name!r}")
    summary = (inspect.getdoc(function) or "").splitlines()[0]
    INPUTS[function.__name__] = Input(function.__name__, summary, needs, function)
    return function


class Inputs:
    """The inputs of one subject, computed when first asked for and kept.

    Attributes:
        seconds: by input, the time it took without the inputs that it is made from.
    """

    def __init__(self, subject: Subject):
        self.seconds: dict[str, float] = {}
        self._subject = subject
        self._values: dict[str, Any] = {}
        self._failures: dict[str, Exception] = {}

    def get(self, name: str, consumer: str) -> Any:
        """The input of a name for the measure `consumer`. What failed once fails again with the same exception."""
        if name in self._failures:
            raise self._failures[name]
        if name in self._values:
            return self._values[name]
        source = INPUTS[name]
        try:
            given = {"subject": self._subject, "consumer": consumer}
            arguments = {need: given[need] if need in given else self.get(need, name) for need in source.needs}
            start = time.perf_counter()
            value = source.function(**arguments)
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        except Exception as error:
            self._failures[name] = error
            raise
        if "consumer" not in source.needs:
            self._values[name] = value
        return value
