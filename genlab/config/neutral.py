"""What a run has in a key that its identity leaves out."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from genlab.config.schema import TrainConfig
from genlab.config.validation import known_fields


@cache
def neutral_values() -> Mapping[str, Any]:
    """By dotted key of a train config its neutral value, as far as it has one that is a value at all.

    Runs at that value, and all that were made before the key existed, do not have the key in their status.
    """
    found: dict[str, Any] = {}
    for path, field in known_fields(TrainConfig):
        extra = field.json_schema_extra
        neutral = extra.get("neutral") if isinstance(extra, dict) else None
        key = ".".join(map(str, path))
        if isinstance(neutral, dict):
            found |= {f"{key}.{name}": value for name, value in neutral.items()}
        elif neutral is not None:
            found[key] = neutral
    return found
