"""Gradient descent: optimiser, schedule, stopping, batches."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from genlab.config.schema.section import Section

_LEARNING_RATE = Field(gt=0, description="Learning rate at the start.", json_schema_extra={"in_group": "free"})
_WEIGHT_DECAY = Field(
    0.0,
    ge=0,
    description="Coefficient of the squared l2 norm, halved, added to the loss.",
    json_schema_extra={"in_group": "free"},
)
Fraction = Annotated[float, Field(gt=0, le=1)]


class SGDConfig(Section):
    """Stochastic gradient descent."""

    name: Literal["sgd"]
    learning_rate: float = _LEARNING_RATE
    momentum: float = Field(0.0, ge=0, lt=1, description="Momentum (0.9 in most papers).")
    nesterov: bool = Field(False, description="Nesterov's form of momentum.")
    weight_decay: float = _WEIGHT_DECAY

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> "SGDConfig":
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class AdamConfig(Section):
    """Adam (Kingma and Ba 2015)."""

    name: Literal["adam"]
    learning_rate: float = _LEARNING_RATE
    beta1: float = Field(0.9, ge=0, lt=1, description="Decay of the mean of gradients.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Decay of the mean of squared gradients.")
    epsilon: float = Field(1e-8, gt=0, description="Added to the root of the mean of squares.")
    weight_decay: float = _WEIGHT_DECAY


class ConstantSchedule(Section):
    """The learning rate stays as it is."""

    name: Literal["constant"] = "constant"


class StepSchedule(Section):
    """The learning rate is multiplied by `factor` at each of `epochs`."""

    name: Literal["step"]
    epochs: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=1)]
    factor: Fraction = 0.1

    @model_validator(mode="after")
    def _epochs_increase(self) -> "StepSchedule":
        if list(self.epochs) != sorted(set(self.epochs)):
            raise ValueError("epochs must increase")
        return self


class ExponentialSchedule(Section):
    """The learning rate is multiplied by `factor` after every epoch (0.95 in Zhang et al. 2017)."""

    name: Literal["exponential"]
    factor: Fraction = 0.95


class CosineSchedule(Section):
    """The learning rate falls to 0 along half a cosine over `epochs` (training.stop.epochs where not given)."""

    name: Literal["cosine"]
    epochs: int | None = Field(None, ge=1)


OptimiserConfig = Annotated[SGDConfig | AdamConfig, Field(discriminator="name")]
ScheduleConfig = Annotated[
    ConstantSchedule | StepSchedule | ExponentialSchedule | CosineSchedule, Field(discriminator="name")
]


class Stop(Section):
    """When training ends: at `epochs`, or earlier when a threshold is reached at an evaluation."""

    epochs: int = Field(ge=0, description="Passes over the training set at most.")
    train_error: float | None = Field(None, ge=0, le=1, description="Stop when the training error is at most this.")
    train_loss: float | None = Field(None, ge=0, description="Stop when the training cross-entropy is below this.")


class GradientConfig(Section):
    """Gradient descent on the mean cross-entropy, in batches, until the last epoch or a threshold."""

    procedure: Literal["gradient"] = Field("gradient", description="What makes a net from data.")
    optimiser: OptimiserConfig
    schedule: ScheduleConfig = Field(default_factory=ConstantSchedule, json_schema_extra={"in_group": "free"})
    stop: Stop = Field(json_schema_extra={"in_group": "free"})
    batch_size: int = Field(ge=1, description="Images a step.")
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        "float32",
        description="float32 throughout, tf32 matrix products (NVIDIA GPUs), or bfloat16 autocast of the forward pass.",
    )
    evaluate_every: int = Field(
        1,
        ge=1,
        description="Epochs between two evaluations (a row of history.csv each).",
        json_schema_extra={"in_group": "free"},
    )
