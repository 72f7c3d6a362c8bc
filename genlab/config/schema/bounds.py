"""Which bounds of a trained net are computed, with which options."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from genlab.config.schema.section import Section


def _all_or_names(value: object) -> object:
    names = value if isinstance(value, list | tuple) else ()
    if value != "all" and not (names and all(isinstance(name, str) for name in names)):
        raise ValueError("must be all, or a list of names of bounds")
    return tuple(names) or value


Names = Annotated[tuple[str, ...], Field(strict=False)]


class BoundsConfig(Section):
    """What `genlab bounds` computes for each run."""

    only: Annotated[Literal["all"] | Names, BeforeValidator(_all_or_names)] = Field(
        "all", description="Names of bounds, or all."
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Options by name, each for all bounds that have it: statistic: extreme."
    )
    at_epochs: bool = Field(
        False, description="Also at every epoch whose weights the run kept (execution.keep_weights_at)."
    )
