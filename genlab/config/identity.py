"""The identity of a run: a hash of everything that can change its result, and of nothing else."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from genlab.config.schema import TrainConfig
from genlab.config.schema.data import KNOWN_TEST_SIZE, KNOWN_TRAIN_SIZE
from genlab.config.schema.inputs import randomised
from genlab.config.schema.model import MLPConfig
from genlab.config.schema.training.gradient import GradientConfig

SCIENTIFIC = ("seed", "data", "model", "training")


def canonical(config: TrainConfig, data_fingerprint: str | None) -> dict[str, Any]:
    """The scientific part of a config as plain values, in the form that is hashed.

    Left out are `name` and `execution`, and each field at the value that behaves as before the field existed (its
    `neutral`, see `Section`). What different files may say in different words is said in one: a cosine schedule names
    its epochs, widths that repeat are as many widths, all images are no subset, a share of 0 is true images and a
    change with probability 0 true labels, and files of the user's own are their content, not their path.

    Args:
        data_fingerprint: of the content of `DataConfig.own_files`; None where there are none.
    """
    result: dict[str, Any] = {name: _plain(getattr(config, name)) for name in SCIENTIFIC}
    data, training = result["data"], result["training"]
    if randomised(config.data.inputs) is None:
        data.pop("inputs", None)
    left_out = {"file", "key"} | ({"map", "probability", "transition"} if config.data.labels.changes_nothing else set())
    data["labels"] = {name: value for name, value in data["labels"].items() if name not in left_out}
    if isinstance(config.training, GradientConfig) and training["schedule"] == {"name": "cosine", "epochs": None}:
        training["schedule"]["epochs"] = config.training.stop.epochs
    if data["train_size"] == KNOWN_TRAIN_SIZE.get(config.data.name):
        data["train_size"] = None
    if config.data.test_size == KNOWN_TEST_SIZE.get(config.data.name):
        data.pop("test_size", None)
    if data["train_size"] is None:
        del data["subset"]
    del data["path"]
    if isinstance(config.model, MLPConfig):
        result["model"]["widths"] *= result["model"].pop("repeats", 1)
    if data_fingerprint is not None:
        data["fingerprint"] = data_fingerprint
    return result


def run_id(config: TrainConfig, data_fingerprint: str | None = None) -> str:
    """Twelve hexadecimal digits of the SHA-256 of the canonical JSON: the same science has the same id."""
    text = json.dumps(canonical(config, data_fingerprint), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        result = {}
        for name, field in fields.items():
            extra = field.json_schema_extra
            item = _plain(getattr(value, name))
            if not (isinstance(extra, dict) and "neutral" in extra and _plain(extra["neutral"]) == item):
                result[name] = item
        return result
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value + 0.0 if isinstance(value, float) else value  # -0.0 and 0.0 are one value
