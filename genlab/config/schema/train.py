"""A whole train config: the scientific sections, and execution beside them."""

from typing import Annotated

from pydantic import Field

from genlab.config.schema.data import DataConfig
from genlab.config.schema.execution import ExecutionConfig
from genlab.config.schema.model import ModelConfig
from genlab.config.schema.section import Section
from genlab.config.schema.training import TrainingConfig
from genlab.config.schema.training.gradient import GradientConfig
from genlab.errors import ConfigError


class TrainConfig(Section):
    """One run. `name` and `execution` are not part of its identity."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
            description="Label of the run's directory: letters, digits, dot, dash and underscore.",
            json_schema_extra={"in_group": "free"},
        ),
    ]
    seed: Annotated[
        int,
        Field(ge=0, lt=2**63, description="From it come all random draws.", json_schema_extra={"in_group": "free"}),
    ] = 0
    data: DataConfig
    model: ModelConfig
    training: TrainingConfig
    execution: ExecutionConfig = Field(default_factory=ExecutionConfig)

    @property
    def gradient(self) -> GradientConfig:
        """The training section where it is gradient descent, for what only that has: steps, their speed, groups.

        Raises:
            ConfigError: it is another procedure.
        """
        if isinstance(self.training, GradientConfig):
            return self.training
        raise ConfigError.at(
            "training.procedure", f"{self.training.procedure} is not gradient descent, whose steps this is about"
        )
