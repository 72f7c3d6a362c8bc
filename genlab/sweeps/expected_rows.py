"""The rows that every finished cell of a sweep must have, and which of them a run lacks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genlab.config.schema import TrainConfig
from genlab.errors import GenlabError
from genlab.rundir.columns import BOUND_KEY, COMPRESSION_KEY, IN_A_TABLE, MEASURE_KEY
from genlab.rundir.layout import RunDirectory
from genlab.rundir.measure_tables import measure_table_cells
from genlab.rundir.tables import cell, key_of, read_table

# None is the net as it ended.
Epoch = int | None


@dataclass(frozen=True)
class ExpectedRows:
    """What every finished cell must have: the rows that tell that the sweep's passes are done.

    Attributes:
        measures: (measure, options) of measures.csv.
        settings: (method, setting) of compression.csv.
        measures_at_epochs: whether the measures are also those of the weights at epochs.
        settings_at_epochs: likewise.
        bounds: (bound, options) of bounds.csv.
        bounds_at_epochs: likewise.
    """

    measures: frozenset[tuple[str, str]]
    settings: frozenset[tuple[str, str]]
    measures_at_epochs: bool = False
    settings_at_epochs: bool = False
    bounds: frozenset[tuple[str, str]] = frozenset()
    bounds_at_epochs: bool = False

    def done(self, run: RunDirectory, ends: Sequence[Epoch] = (None,)) -> bool:
        """Whether a run has all the rows.

        Args:
            ends: of `promised_epochs`.
        """
        left = (self.measures_left, self.settings_left, self.bounds_left)
        return not any(of_pass(run, ends) for of_pass in left)

    def has(self, table: str, row: Mapping[str, Any]) -> bool:
        """Whether a row of a long table is of what is asked for: the same measure, bound or setting, the same options.

        Of compression the net before it is, too; rows of tables that no pass makes all are.
        """
        options = row.get("options") or ""
        if table.startswith("measures/"):
            return (table.removeprefix("measures/"), options) in self.measures
        if table == "measures":
            return (row["measure"], options) in self.measures
        if table == "bounds":
            return (row["bound"], options) in self.bounds
        if table in ("compression", "compression_layers"):
            return row["method"] == "none" or (row["method"], row["setting"] or "") in self.settings
        return True

    def measures_left(self, run: RunDirectory, ends: Sequence[Epoch] = (None,)) -> dict[Epoch, set[tuple[str, str]]]:
        """By epoch the (measure, options) of which a run has no row, or not the table that the row tells of.

        Raises:
            GenlabError: the rows or a table are damaged.
        """
        if not self.measures:
            return {}
        there = _measured(run, {name for name, _ in self.measures})
        left = {
            epoch: {wanted for wanted in self.measures if (*wanted, cell(epoch)) not in there}
            for epoch in (ends if self.measures_at_epochs else (None,))
        }
        return {epoch: rows for epoch, rows in left.items() if rows}

    def settings_left(self, run: RunDirectory, ends: Sequence[Epoch] = (None,)) -> dict[Epoch, set[tuple[str, str]]]:
        """By epoch the (method, setting) of which a run has no row.

        Raises:
            GenlabError: the rows are damaged.
        """
        return _left(self.settings, run.compression, COMPRESSION_KEY, ends if self.settings_at_epochs else (None,))

    def bounds_left(self, run: RunDirectory, ends: Sequence[Epoch] = (None,)) -> dict[Epoch, set[tuple[str, str]]]:
        """By epoch the (bound, options) of which a run has no row; all rows of a bound are written at once.

        Raises:
            GenlabError: the rows are damaged.
        """
        return _left(self.bounds, run.bounds, BOUND_KEY, ends if self.bounds_at_epochs else (None,))


def promised_epochs(config: TrainConfig, status: Mapping[str, Any]) -> list[Epoch]:
    """The epochs at which a finished run keeps its weights, rising, and None for the net as it ended, if that stays.

    Those that the config names and that the run has reached, whether their files are there or not.
    """
    execution, reached = config.execution, status["final"].get("epoch", 0)
    epochs = [epoch for epoch in execution.keep_weights_at if epoch <= reached]
    return [*epochs, *([] if epochs and execution.keep == "none" else [None])]


def _left(
    wanted: Collection[tuple[str, str]], path: Path, key: Sequence[str], ends: Sequence[Epoch]
) -> dict[Epoch, set[tuple[str, str]]]:
    """By epoch what is wanted and has no row in a file, whose key is this and the epoch."""
    if not wanted:
        return {}
    there = {found for found, _ in _keys(path, key)}
    left = {epoch: {one for one in wanted if (*one, cell(epoch)) not in there} for epoch in ends}
    return {epoch: rows for epoch, rows in left.items() if rows}


def _measured(run: RunDirectory, names: Collection[str]) -> set[tuple[str, ...]]:
    """(measure, options, epoch) of the rows of measures.csv, as text; a row of a table counts only if that is there."""
    tables: dict[str, set[tuple[Any, ...]]] = {}
    found = set()
    for key, row in _keys(run.measures, MEASURE_KEY):
        name, options, epoch = key
        if name in names and row.get("reason") == IN_A_TABLE:
            if name not in tables:
                _, own = measure_table_cells(run, name)
                tables[name] = {key_of(cells, ("options", "epoch")) for _, cells in own}
            if (options, epoch) not in tables[name]:
                continue
        found.add(key)
    return found


def _keys(path: Path, columns: Sequence[str]) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """The key of each row of a table, as text, and the row."""
    for row in read_table(path):
        # Files of the first version know no epoch: they are of the net as it ended.
        known = {"epoch": ""} | row
        try:
            yield tuple(known[column] for column in columns), row
        except KeyError as error:
            what = f"it has no column {error}; remove the file and compute it again"
            raise GenlabError(f"{path}:1: damaged: {what}") from None
