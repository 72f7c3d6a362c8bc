"""A compress config: the methods, each with the settings to sweep.

Which methods there are and what options they have is said by their functions, which a config knows nothing of; here is
how the section of a config follows from the options of a method.
"""

import functools
import operator
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Never

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema

from genlab.config.schema.section import Section
from genlab.config.signature import Option

ALL_LAYERS = ("all",)
# Keys that every method has; no option may be named like one.
KEYS = ("name", "layers", "then", "retrain")


class _OneOrMany:
    """Says in a JSON Schema that one value may stand for a list of one."""

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core_schema)
        return {"anyOf": [many, many["items"]]}


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _without_repeats(values: tuple[object, ...]) -> tuple[object, ...]:
    repeated = sorted({str(value) for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"{', '.join(repeated)} is there more than once")
    return values


def _not_empty(values: tuple[object, ...]) -> tuple[object, ...]:
    if not values:
        raise ValueError("must have at least one item")
    return values


def _layer_names(value: object) -> object:
    """Names that YAML reads as numbers are names; `all` is one word for every layer."""
    names = value if isinstance(value, list | tuple) else (value,)
    return tuple(str(name) if isinstance(name, int) and not isinstance(name, bool) else name for name in names)


def _all_stands_alone(names: tuple[str, ...]) -> tuple[str, ...]:
    if "all" in names and len(names) > 1:
        raise ValueError("give all, or names of layers")
    return names


_SWEEP = (BeforeValidator(_listed), AfterValidator(_not_empty), AfterValidator(_without_repeats), _OneOrMany())
_NAME = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
_LayerNames = Annotated[
    tuple[str, ...],
    BeforeValidator(_layer_names),
    AfterValidator(_without_repeats),
    AfterValidator(_all_stands_alone),
    AfterValidator(_not_empty),
    WithJsonSchema({"anyOf": [_NAME, {"type": "array", "items": _NAME}]}),
]


class RetrainConfig(Section):
    """A short training of the compressed net that keeps what is compressed: zeros stay zeros, factors factors."""

    epochs: Annotated[tuple[Annotated[int, Field(ge=0)], ...], *_SWEEP] = Field(
        description="Passes over the training images; 0 is without training, so that a list may hold both."
    )
    learning_rate: Annotated[tuple[Annotated[float, Field(gt=0)], ...], *_SWEEP] = Field(
        (0.01,), description="Of stochastic gradient descent with momentum 0.9; the same in every step."
    )
    batch_size: int = Field(128, ge=1, description="Images a step.")


class CompressConfig(Section):
    """What `genlab compress` does to each net."""

    methods: Annotated[tuple[dict[str, Any], ...], Field(strict=False)] = Field(
        description="Methods with their options; every value of an option that is a list is a setting of its own."
    )
    at_epochs: bool = Field(
        False, description="Also at every epoch whose weights the run kept (execution.keep_weights_at)."
    )


def method_section(
    name: str,
    about: str,
    options: Mapping[str, Option],
    described: Mapping[str, str],
    *,
    one_of: Sequence[str],
    example: Mapping[str, Any],
    follows: bool = False,
) -> type[Section]:
    """The section of one method in a compress config.

    Each option is one value or a list of them, of which none is there twice; `layers` is beside them.

    Args:
        about: a line on the method.
        described: a line on each option.
        one_of: options of which the section gives at least one.
        example: such options with values, for who gives none.
        follows: whether it is the section of the method after another, which has no layers of its own.
    """
    fields: dict[str, Any] = {"name": (Literal[name], ...)}
    for option in options.values():
        default = () if option.default is None else (option.default,)
        one: Any = option.annotation
        values: Any = Annotated[tuple[one, ...], *_SWEEP]
        fields[option.name] = (values, Field(default, description=described[option.name]))
    if not follows:
        told = "all (the output layer included), or names of layers as `named_modules` has them."
        fields["layers"] = (_LayerNames, Field(ALL_LAYERS, description=told))

    def something_to_sweep(section: Section) -> Section:
        if one_of and not any(getattr(section, option) for option in one_of):
            raise ValueError(needs_one_of(name, one_of, example))
        return section

    title = "".join(word.capitalize() for word in name.split("_")) + ("Step" if follows else "Config")
    validators: dict[str, Any] = {"something_to_sweep": model_validator(mode="after")(something_to_sweep)}
    return create_model(title, __base__=Section, __doc__=about, __validators__=validators, **fields)


def needs_one_of(name: str, one_of: Sequence[str], example: Mapping[str, Any]) -> str:
    """What to tell who gave a method none of the options of which it needs one."""
    *others, last = one_of
    words = f"{', '.join(others)} or {last}" if others else last
    return f"{name} needs {words}, e.g. {', '.join(f'{key}: {value}' for key, value in example.items())}"


def with_methods(sections: Sequence[type[Section]], steps: Sequence[type[Section]] = ()) -> type[CompressConfig]:
    """The compress config whose methods are these sections, told apart by their names.

    Args:
        steps: sections of methods that may follow another under `then`.
    """
    step: Any = _one_of(steps) if steps else Never
    then: Any = Annotated[tuple[step, ...], Field(strict=False)]
    further: dict[str, Any] = {
        "then": (
            then,
            Field((), description="Methods that code further what this one stores, each what the one before it does."),
        ),
        "retrain": (RetrainConfig | None, Field(None, description=(RetrainConfig.__doc__ or "").strip())),
    }
    whole = [create_model(s.__name__, __base__=s, __doc__=s.__doc__, **further) for s in sections]
    method: Any = _one_of(whole)
    methods: Any = Annotated[tuple[method, ...], AfterValidator(_not_empty), Field(strict=False)]
    field = (methods, Field(description=CompressConfig.model_fields["methods"].description))
    return create_model("CompressConfig", __base__=CompressConfig, __doc__=CompressConfig.__doc__, methods=field)


def _one_of(sections: Sequence[type[Section]]) -> Any:
    union: Any = functools.reduce(operator.or_, sections)
    return Annotated[union, Field(discriminator="name")] if len(sections) > 1 else union
