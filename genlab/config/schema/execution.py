"""The execution section: what should not change a result. Never part of a run's identity."""

import re
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from genlab.config.schema.section import Section


def device_name(value: str) -> str:
    """The name of a device if it is one.

    Raises:
        ValueError: it is not.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
        raise ValueError("must be auto, cpu, cuda or cuda:N")
    return value


def _thread_count(value: object) -> object:
    if value != "auto" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError("must be auto or a whole number of threads, 1 or more")
    return value


def _rising(epochs: tuple[int, ...]) -> tuple[int, ...]:
    if any(after <= before for before, after in pairwise(epochs)):
        raise ValueError("must rise, each epoch once")
    return epochs


Epochs = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False)]


class CheckpointEvery(Section):
    """How often a checkpoint is written, besides when a run is stopped; whichever comes first."""

    epochs: int | None = Field(None, ge=1)
    seconds: float | None = Field(60.0, gt=0)


class ExecutionConfig(Section):
    """Device, threads, and what is kept."""

    device: Annotated[str, AfterValidator(device_name)] = Field("auto", description="auto, cpu, cuda or cuda:N.")
    threads: Annotated[int | Literal["auto"], BeforeValidator(_thread_count)] = Field(
        "auto", description="CPU threads; auto measures a few steps at each count and keeps the fastest."
    )
    compile: bool | Literal["reduce-overhead", "max-autotune"] = Field(
        False,
        description="torch.compile the net; reduce-overhead replays CUDA graphs. Not worth it on a CPU, where it gains "
        "nothing and its first step takes tens of seconds.",
    )
    time_budget: float | None = Field(
        None, gt=0, description="Seconds after which the run is saved and ends with exit code 75, resumable."
    )
    checkpoint_every: CheckpointEvery = Field(default_factory=CheckpointEvery)
    keep: Literal["all", "final", "none"] = Field(
        "all", description="Weights kept after the end: initial and final, only the final ones, or none."
    )
    keep_weights_at: Annotated[Epochs, AfterValidator(_rising)] = Field(
        (),
        description="Epochs after which the weights are kept too, whatever `keep` says; 0 is the initialisation.",
        json_schema_extra={"in_group": "free", "uniqueItems": True},
    )
