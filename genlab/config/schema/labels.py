"""The labels of the data section: true ones, or what the net is told instead."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from genlab.config.schema.section import Section


def _spelled_probability(value: object) -> object:
    return {"true": 0.0, "random": 1.0, True: 0.0}.get(value, value) if isinstance(value, str | bool) else value


class Labels(Section):
    """What the net is told the labels are."""

    corruption: Annotated[float, BeforeValidator(_spelled_probability), Field(ge=0, le=1)] = Field(
        0.0,
        description="Probability that a training label is replaced by a uniformly random class (which may be the true "
        "one); 0 or `true` for true labels, 1 or `random` for random ones.",
        json_schema_extra={"in_group": "free"},
    )
    confusion: int = Field(
        0,
        ge=0,
        description="Further training images with uniformly random labels, beside the train_size with true ones "
        "(the confusion set of Neyshabur et al. 2017); measures are over the true ones.",
        json_schema_extra={"neutral": 0},
    )

    @model_validator(mode="after")
    def _either(self) -> "Labels":
        if self.confusion and self.corruption:
            raise ValueError("confusion goes with true labels: leave corruption at 0")
        return self
