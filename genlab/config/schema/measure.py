"""A measure config: which measures, with which options."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from genlab.config.schema.section import Section


def _which_or_names(value: object) -> object:
    names = value if isinstance(value, list | tuple) else ()
    if value not in ("all", "quick") and not (names and all(isinstance(name, str) for name in names)):
        raise ValueError("must be all, quick, or a list of names of measures")
    return tuple(names) or value  # pydantic before 2.11 takes no list for a tuple within a union


Which = Literal["all", "quick"]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class MeasureConfig(Section):
    """What `genlab measure` computes for each run."""

    only: Annotated[Which | Names, BeforeValidator(_which_or_names)] = Field(
        "all",
        description="Names of measures, all, or quick: all but those of cost `passes`; `genlab ls measures` has them.",
    )
    options: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="By measure, values of its options, e.g. log_l2_path_norm: {max_pool: sum}."
    )
    at_epochs: bool = Field(
        False, description="Also at every epoch whose weights the run kept (execution.keep_weights_at)."
    )
