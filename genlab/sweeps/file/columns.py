"""The columns that the tables of a sweep can have, known before anything has run."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from genlab.config.schema import TrainConfig
from genlab.config.schema.bounds import BoundsConfig
from genlab.config.schema.compress import CompressConfig
from genlab.config.schema.derived import DerivedColumn, NameColumn, derived_column
from genlab.config.schema.measure import MeasureConfig
from genlab.config.schema.sweep import SweepConfig
from genlab.config.validation import known_keys
from genlab.config.values import value_texts
from genlab.errors import ConfigError
from genlab.rundir.columns import (
    BEST_COLUMNS,
    BOUND_COLUMNS,
    COMPRESSION_COLUMNS,
    COMPRESSION_LAYER_COLUMNS,
    HISTORY_COLUMNS,
    MEASURE_COLUMNS,
    TIMING_COLUMNS,
)
from genlab.rundir.measure_column import measure_column
from genlab.rundir.status import dotted
from genlab.sweeps.file.measure_names import measure_names, names_of
from genlab.sweeps.file.measure_rows import measure_rows

if TYPE_CHECKING:
    from genlab.sweeps.file.grid import Cell


def possible_columns(config: SweepConfig) -> Callable[[str], set[str] | None]:
    """For the name of a table the columns it can have, or None where only the runs can tell.

    A table that this sweep does not make has no columns.
    """
    run = {"id", "status", "reason", *(".".join(map(str, key)) for key in known_keys(TrainConfig))}
    run |= set(map(derived_column, config.derived))

    def columns(table: str) -> set[str] | None:
        if table == "results":
            return run | {f"final.{column}" for column in (*HISTORY_COLUMNS, *BEST_COLUMNS)} | _measure_columns(config)
        if table in ("history", "timing"):
            return run | set(HISTORY_COLUMNS if table == "history" else TIMING_COLUMNS)
        if table == "measures" and config.measure is not None:
            return run | set(MEASURE_COLUMNS) - _without_epochs(config.measure)
        if table in ("compression", "compression_layers") and config.compress is not None:
            own = COMPRESSION_COLUMNS if table == "compression" else COMPRESSION_LAYER_COLUMNS
            return run | set(own) - _without_epochs(config.compress)
        if table == "bounds" and config.bounds is not None:
            return run | set(BOUND_COLUMNS) - _without_epochs(config.bounds)
        return None if table.removeprefix("measures/") in _measures(config) else set()

    return columns


def settings_of(
    cells: Sequence["Cell"], derived: Mapping[str, DerivedColumn] | None = None
) -> Callable[[str], list[str | None] | None]:
    """For a dotted key of a train config the values that cells have in it, as text; None for what is no such key.

    A derived column that names settings has its names.

    A cell without the key, such as the depth of another model, has no value in it: None among the others.
    """
    own = [dotted(cell.config.model_dump(mode="json")) | cell.values | dict(cell.words) for cell in cells]
    names = {derived_column(n): list(c.names) for n, c in (derived or {}).items() if isinstance(c, NameColumn)}
    keys = {".".join(map(str, key)) for key in known_keys(TrainConfig)}.union(*own)

    def settings(key: str) -> list[str | None] | None:
        if key in names:
            return [*names[key], None]
        # A whole section, as an axis of names alone, is the name of its branch.
        found = (values.get(key, values.get(f"{key}.name")) for values in own)
        return list(dict.fromkeys(value_texts(found, key))) if key in keys else None

    return settings


def _without_epochs(asked: MeasureConfig | CompressConfig | BoundsConfig) -> set[str]:
    """The column that says nothing where all rows are of the nets as they ended."""
    return set() if asked.at_epochs else {"epoch"}


def _measures(config: SweepConfig) -> frozenset[str]:
    if config.measure is None:
        return frozenset()
    return names_of(config.measure.only)


def _measure_columns(config: SweepConfig) -> set[str]:
    if config.measure is None:
        return set()
    names = _measures(config)
    try:
        rows = measure_rows(names & measure_names(), config.measure.options)
    except ConfigError:  # which is told of the options themselves
        rows = {(name, "") for name in names}
    return {measure_column(name, options) for name, options in rows}
