"""The construction of Theorem 1 of Zhang et al. 2017."""

from typing import Literal

from pydantic import Field

from genlab.config.schema.section import Section


class ConstructConfig(Section):
    """The net of Theorem 1 of Zhang et al. 2017, whose weights fit any labels and are found by substitution, without
    any training; with model theorem1."""

    procedure: Literal["construct"] = Field(description="What makes a net from data.")
