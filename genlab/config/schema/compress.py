"""A compress config: the methods, each with the settings to sweep."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from genlab.config.schema.section import Section


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


_SWEEP = (BeforeValidator(_listed), AfterValidator(_not_empty), AfterValidator(_without_repeats))
Ranks = Annotated[tuple[Annotated[int, Field(ge=1)], ...], *_SWEEP]
Energies = Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], *_SWEEP]
Thresholds = Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], *_SWEEP]
LayerNames = Annotated[
    tuple[str, ...],
    BeforeValidator(_layer_names),
    AfterValidator(_without_repeats),
    AfterValidator(_all_stands_alone),
    AfterValidator(_not_empty),
]


class SVDTruncationConfig(Section):
    """Each layer's matrix cut to its leading singular values. Every value of every list is a setting of its own."""

    name: Literal["svd_truncation"]
    rank: Ranks = Field((), description="Singular values kept in each layer (all of a layer that has fewer).")
    energy: Energies = Field((), description="Part of each layer's sum of squared singular values that is kept.")
    threshold: Thresholds = Field((), description="Singular values below this times the layer's largest are cut.")
    layers: LayerNames = Field(
        ("all",), description="all (the output layer included), or names of layers as `named_modules` has them."
    )

    @model_validator(mode="after")
    def _something_to_sweep(self) -> "SVDTruncationConfig":
        if not (self.rank or self.energy or self.threshold):
            raise ValueError("svd_truncation needs rank, energy or threshold, e.g. energy: [0.5, 0.9, 0.99]")
        return self


MethodConfig = SVDTruncationConfig


class CompressConfig(Section):
    """What `genlab compress` does to each net."""

    methods: Annotated[tuple[MethodConfig, ...], AfterValidator(_not_empty), Field(strict=False)]
    at_epochs: bool = Field(
        False, description="Also at every epoch whose weights the run kept (execution.keep_weights_at)."
    )
