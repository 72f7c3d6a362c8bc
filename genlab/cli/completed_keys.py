"""Keys of configs with their values, and columns of runs, as a shell completes them."""

import contextlib
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from genlab.config.kinds import FOLDERS, Kind
from genlab.config.load import find_config
from genlab.config.overrides import apply_overrides
from genlab.config.schema import TrainConfig
from genlab.config.validation import known_fields
from genlab.config.yaml_source import Source
from genlab.errors import GenlabError
from genlab.rundir.status import dotted

# Spellings beside those of the schema, or values that are worth trying of keys that take any.
MORE_VALUES = {"data.labels.corruption": ("true", "random", "0.5")}
OWN_COLUMNS = ("id", "name", "status", "reason", "path", "started", "stopped", "size")
STATUSES = ("pending", "running", "finished", "failed", "interrupted", "preempted")
# Of `genlab ls KIND --where`, for columns that have few values.
LIST_CONDITIONS = {
    "measures": (
        "cost=weights",
        "cost=pass",
        "cost=passes",
        "unit=log",
        "unit=count",
        "unit=logit",
        "unit=nat",
        "unit=1",
    ),
    "configs": ("kind=train", "kind=measure", "kind=compress", "kind=sweep"),
}


def content(target: str, kind: Kind) -> dict[str, Any]:
    """What a config file or a packaged config says; nothing where it cannot be read."""
    try:
        text = find_config(target, FOLDERS[kind]).read_text(encoding="utf-8")
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (GenlabError, OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def changes(incomplete: str, target: str | None, given: Sequence[str]) -> Iterator[str]:
    """Keys as `key=`, those that the chosen net, optimiser and so on have; of one key its values.

    Args:
        target: the config that is changed, if it is known.
        given: changes that are typed already.
    """
    chosen = _train_config(target, given)
    fields = {".".join(map(str, path)): field for path, field in known_fields(TrainConfig, chosen)}
    leaves = [key for key in fields if not any(other.startswith(f"{key}.") for other in fields)]
    typed = {one.partition("=")[0] for one in given}
    now = {key: _in_yaml(value) for key, value in dotted(chosen or {}).items()}
    now |= {key: _in_yaml(default) for key, field in fields.items() if key not in now for default in _defaults(field)}
    yield from with_values(incomplete, [key for key in leaves if key not in typed], now)


def with_values(incomplete: str, names: Sequence[str], now: Mapping[str, str] | None = None) -> Iterator[str]:
    """Names with an equals sign, or behind it the values of one: those that it can have, or the one that it has now.

    Args:
        now: values that names have now.
    """
    key, equals, _ = incomplete.partition("=")
    if not equals:
        fitting = [name for name in names if name.startswith(incomplete)]
        if len(fitting) > 1:
            yield from (f"{name}=" for name in fitting)
            return
        key = fitting[0] if fitting else key
        # With one completion alone a shell would go on to the next word.
        yield f"{key}="
    yield from (f"{key}={value}" for value in _values(key) or filter(None, [(now or {}).get(key)]))


def _values(key: str) -> Sequence[str]:
    """The values of a key where they are few."""
    if key == "status":
        return STATUSES
    found = dict.fromkeys(MORE_VALUES.get(key, ()))
    for path, field in known_fields(TrainConfig):  # of all branches, so that a name has the other ones too
        if ".".join(map(str, path)) == key:
            found |= dict.fromkeys(_closed(field.annotation))
    return list(found)


def _defaults(field: FieldInfo) -> Iterator[Any]:
    """The default of a field, where it has one that is no section."""
    if not field.is_required():
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, int | float | str | tuple | None):
            yield default


def _closed(annotation: Any) -> Iterator[str]:
    """The values of a type that has few."""
    if annotation is bool:
        yield from ("true", "false")
    elif get_origin(annotation) is Literal:
        yield from map(_in_yaml, get_args(annotation))
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _closed(part)


def _in_yaml(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return "[" + ",".join(map(_in_yaml, value)) + "]" if isinstance(value, tuple | list) else str(value)


def columns() -> list[str]:
    """What a list of runs can be sorted and filtered by, and can show."""
    from genlab.rundir.columns import HISTORY_COLUMNS
    from genlab.sweeps.file.measure_names import measure_names

    keys = [".".join(map(str, path)) for path, _ in known_fields(TrainConfig)]
    leaves = [key for key in dict.fromkeys(keys) if not any(other.startswith(f"{key}.") for other in keys)]
    finals = [f"final.{column}" for column in HISTORY_COLUMNS]
    measured = [f"measure.{name}" for name in sorted(measure_names())]
    return [*dict.fromkeys([*OWN_COLUMNS, *leaves, *finals, *measured])]


def _train_config(target: str | None, given: Sequence[str]) -> Any:
    """The config that is changed as far as it is known; nothing, which is all branches, where it is not."""
    found = content(target, "train") if target else {}
    if not found and target:
        base = content(target, "sweep").get("base")
        found = content(base, "train") if isinstance(base, str) else base or {}
    if not isinstance(found, dict) or not found:
        return None
    source = Source(found, {})
    with contextlib.suppress(Exception):  # of changes that are half typed
        apply_overrides(source, given)
    return source.value
