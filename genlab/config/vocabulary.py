"""What a registered function may ask for, by parameter name. Each input is computed once, on first use."""

import graphlib
import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from genlab.config.validation import nearest

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


GIVEN = ("subject", "consumer")


def provider(vocabulary: dict[str, Input], *, in_order: bool = True) -> Callable[[Function], Function]:
    """A decorator that registers a function in the vocabulary as the input of its own name.

    Its parameters name other inputs. `subject` is what the inputs are of; `consumer` who asks (of a measure its name,
    of an input that needs it the name of that), and such an input is made anew for each.

    Args:
        in_order: whether those that an input needs are registered before it; if not, `check_inputs` is to be called
            once all are.

    Raises:
        TypeError: (from the decorator) a parameter that is neither an input nor given.
        ValueError: (likewise) the name is taken.
    """

    def provides(function: Function) -> Function:
        name, needs = function.__name__, tuple(inspect.signature(function).parameters)
        for need in needs:
            if in_order and need not in vocabulary and need not in GIVEN:
                raise TypeError(f"input {name}: nothing provides {need!r}")
        if name in vocabulary:
            raise ValueError(f"input {name} is defined twice: {vocabulary[name].function.__module__} has it already")
        summary = (inspect.getdoc(function) or "").splitlines()[0]
        vocabulary[name] = Input(name, summary, needs, function)
        return function

    return provides


def check_inputs(vocabulary: Mapping[str, Input]) -> None:
    """See that each input can be had, once all are registered: in which order they were does not matter.

    Raises:
        TypeError: a parameter that is neither an input nor given, or inputs that are made from one another.
    """
    known = [*vocabulary, *GIVEN]
    for source in vocabulary.values():
        for need in source.needs:
            if need not in known:
                raise TypeError(f"input {source.name}: nothing provides {need!r}; {nearest(need, sorted(known))}")
    try:
        graphlib.TopologicalSorter({source.name: source.needs for source in vocabulary.values()}).prepare()
    except graphlib.CycleError as error:
        raise TypeError(f"inputs are made from one another: {' from '.join(reversed(error.args[1]))}") from None


class Inputs:
    """The inputs of one subject that a vocabulary has, computed when first asked for and kept.

    Attributes:
        seconds: by input, the time it took without the inputs that it is made from.
    """

    def __init__(self, subject: Any, vocabulary: Mapping[str, Input]):
        self.seconds: dict[str, float] = {}
        self._subject = subject
        self._vocabulary = vocabulary
        self._values: dict[str, Any] = {}
        self._failures: dict[str, Exception] = {}

    def get(self, name: str, consumer: Any) -> Any:
        """The input of a name for who asks. What failed once fails again with the same exception."""
        if name in self._failures:
            raise self._failures[name]
        if name in self._values:
            return self._values[name]
        source = self._vocabulary[name]
        try:
            given = {"subject": self._subject, "consumer": consumer}
            arguments = {need: given[need] if need in given else self.get(need, name) for need in source.needs}
            start = time.perf_counter()
            value = source.function(**arguments)
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        except Exception as error:
            if "consumer" not in source.needs:
                self._failures[name] = error
            raise
        if "consumer" not in source.needs:
            self._values[name] = value
        return value
