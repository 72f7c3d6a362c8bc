"""A measure config: which measures, with which options."""

from typing import Annotated, Any, Literal

from pydantic import Field

from genlab.config.schema.section import Section

Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class MeasureConfig(Section):
    """What `genlab measure` computes for each run."""

    only: Literal["all"] | Names = Field("all", description="Names of measures, or all; `genlab ls measures` has them.")
    options: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="By measure, values of its options, e.g. log_l2_path_norm: {max_pool: sum}."
    )
