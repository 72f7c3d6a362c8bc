"""What runs must have in common to train together, as the fields of the schema say it (see `Section`)."""

import json
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from genlab.config.schema import TrainConfig
from genlab.config.schema.data import DataConfig


def in_common(section: BaseModel) -> dict[str, Any]:
    """What runs of one group have equal of a section, as plain values: every field that does not say it is free."""
    found = {}
    for name, field in type(section).model_fields.items():
        if _words(field).get("in_group") != "free":
            value = getattr(section, name)
            found[name] = in_common(value) if isinstance(value, BaseModel) else value
    return found


def common_text(config: TrainConfig) -> str:
    """The same of a whole config as text, with the seed where it decides something in the images."""
    common = in_common(config) | {"image_seed": image_seed(config.data, config.seed)}
    return json.dumps(common, sort_keys=True)


def image_seed(data: DataConfig, seed: int) -> int | None:
    """From what the images that a group has in common may be drawn: the seed where a field says so, else nothing."""
    return seed if seeded(data) else None


def seeded(section: BaseModel) -> list[str]:
    """The fields of a section, dotted, by which the seed decides something in the images of all nets."""
    found = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        plain = value.model_dump() if isinstance(value, BaseModel) else value
        if _words(field).get("seeded") == "images" and plain != _at_rest(field):
            found.append(name)
        if isinstance(value, BaseModel):
            found += [f"{name}.{inner}" for inner in seeded(value)]
    return found


def _at_rest(field: FieldInfo) -> Any:
    return _words(field).get("neutral", field.get_default(call_default_factory=True))


def _words(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}
