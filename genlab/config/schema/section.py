"""What all sections of a config share: strict types, no unknown keys, no change after reading."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a config. Unknown keys are refused and a number never stands in for a boolean or a string.

    A field added after the first release declares `json_schema_extra={"neutral": value}`, the value that behaves as
    before the field existed; `identity.canonical` leaves it out of the hash at that value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
