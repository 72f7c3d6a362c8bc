"""No training at all."""

from typing import Literal

from pydantic import Field

from genlab.config.schema.section import Section


class UntrainedConfig(Section):
    """The net as initialised, with its errors: what training is to be compared with."""

    procedure: Literal["none"] = Field(description="What makes a net from data.")
