"""The @compressor decorator: a name, its source, how it stores a layer, and what its signature asks for and offers."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from genlab.compression.coding import CodedNumbers
from genlab.compression.inputs import INPUTS
from genlab.compression.structure import CompressedLayer, Form
from genlab.config.schema.compress import KEYS, method_section
from genlab.config.schema.section import Section
from genlab.config.signature import Option, descriptions, read_signature

Method = Callable[..., dict[str, CompressedLayer]]
Function = TypeVar("Function", bound=Method)


@dataclass(frozen=True)
class Compressor:
    """A registered compression method.

    Attributes:
        paper: where it is from.
        form: of its layers.
        inputs: names of the inputs that it needs, all in `inputs.INPUTS`.
        options: by name.
        one_of: options of which each setting gives exactly one.
        example: options of a config that makes sense.
        section: of a config.
        coder: the same for numbers of any kind, where it takes them one by one, so that it may follow another method:
            called with them by name, `followed` and its options.
        step: its section under `then` of another; None without a coder.
        function: itself; callable with plain tensors.
    """

    name: str
    paper: str
    form: type[Form]
    inputs: tuple[str, ...]
    options: dict[str, Option]
    one_of: tuple[str, ...]
    example: dict[str, Any]
    section: type[Section]
    coder: Callable[..., dict[str, CodedNumbers]] | None
    step: type[Section] | None
    function: Method

    @property
    def about(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").splitlines()[0]

    @property
    def trainable(self) -> bool:
        """Whether what it stores can be trained again: its form says how weights follow from numbers."""
        return hasattr(self.form, "restorer")

    @property
    def ends(self) -> bool:
        """Whether it leaves no numbers that a further method could code."""
        return getattr(self.form, "ends", False)


COMPRESSORS: dict[str, Compressor] = {}


def compressor(
    *,
    paper: str,
    form: type[Form],
    coder: Callable[..., dict[str, CodedNumbers]] | None = None,
    one_of: Sequence[str] = (),
    example: Mapping[str, Any] | None = None,
) -> Callable[[Function], Function]:
    """Register a function as a compression method under its own name; the function itself is returned unchanged.

    Parameters without a default are inputs, found by name. Parameters with a default are options; a list of values in a
    config is a setting for each, and several options with lists are all combinations. The docstring describes each
    option under `Args:`. The function returns the layers that it compresses, by name, of those in the input `layers`,
    which are the ones that a setting names; where it cannot, it raises `UsageError` with the reason.

    Args:
        form: what the method says of each layer beside its tensors: a pydantic model with `build`, and with `restorer`
            where training it again makes sense.
        coder: see `Compressor`; of a method with one the form is the code of numbers too.
        one_of: options with the default None of which a setting gives exactly one, such as different ways to say how
            much is kept; in a config lists of several of them follow each other, and are not combined.
        example: options of a config, shown to who gives none of `one_of`.

    Raises:
        TypeError: an unknown input, an option without a usable type, limit or description, or no docstring.
        ValueError: the name is taken.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        if name in COMPRESSORS:
            there = COMPRESSORS[name].function.__module__
            raise ValueError(f"compressor {name} is defined twice: {there} has it already")
        inputs, options = read_signature(f"compressor {name}", function, INPUTS)
        described = descriptions(function)
        for option in options:
            if option in KEYS:
                raise TypeError(f"compressor {name}: {option} is a key of every method, and cannot be an option")
            if option not in described:
                raise TypeError(f"compressor {name}: option {option} is not described under Args in its docstring")
        for option in one_of:
            if option not in options or options[option].default is not None:
                raise TypeError(f"compressor {name}: {option} of one_of is no option with the default None")
        about, values = (inspect.getdoc(function) or "").splitlines()[0], dict(example or {})
        section = method_section(name, about, options, described, one_of=one_of, example=values)
        step = None
        if coder is not None:
            step = method_section(name, about, options, described, one_of=one_of, example=values, follows=True)
        try:
            section.model_validate({"name": name} | values)
        except ValidationError as error:
            raise TypeError(f"compressor {name}: its example is refused: {error}") from None
        COMPRESSORS[name] = Compressor(
            name=name,
            paper=paper,
            form=form,
            inputs=tuple(inputs),
            options=options,
            one_of=tuple(one_of),
            example=values,
            section=section,
            coder=coder,
            step=step,
            function=function,
        )
        return function

    return register
