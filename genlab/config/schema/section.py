"""What all sections of a config share: strict types, no unknown keys, no change after reading."""

from pydantic import BaseModel, ConfigDict

# What a field may say of itself to genlab, in `json_schema_extra`; editors are not told.
WORDS = ("neutral", "in_group", "seeded")


class Section(BaseModel):
    """A section of a config. Unknown keys are refused and a number never stands in for a boolean or a string.

    A field says in `json_schema_extra`:

    * `"neutral": value`, where it was added after the first release: the value that behaves as before the field
      existed, of a section as a mapping; `identity.canonical` leaves it out of the hash at that value.
    * `"in_group": "free"`, where runs that train together may differ in it. Without a word they must have it equal.
    * `"seeded": "images"`, where the seed decides something in the images that runs of a group have in common, as soon
      as the field is not at its neutral value (its default, where it declares none). Without a word the seed decides
      nothing in them. `groups` reads both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
