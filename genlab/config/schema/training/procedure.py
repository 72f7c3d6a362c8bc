"""The training section: one for each procedure that makes a net from data, told apart by `procedure`."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from genlab.config.schema.training.construct import ConstructConfig
from genlab.config.schema.training.gradient import GradientConfig
from genlab.config.schema.training.interpolate import InterpolateConfig
from genlab.config.schema.training.none import UntrainedConfig

# Meant where a config does not say; configs of the first version never do.
DEFAULT_PROCEDURE = "gradient"


def _default_where_not_said(value: Any) -> Any:
    return {"procedure": DEFAULT_PROCEDURE} | value if isinstance(value, dict) else value


TrainingConfig = Annotated[
    GradientConfig | UntrainedConfig | ConstructConfig | InterpolateConfig,
    Field(discriminator="procedure"),
    BeforeValidator(_default_where_not_said),
]
