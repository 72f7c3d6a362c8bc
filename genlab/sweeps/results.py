"""The tables of a sweep: a row a run in `results.csv`, and the long tables of all its runs."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.config.identity import canonical
from genlab.errors import GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.measure_column import measure_column
from genlab.rundir.status import dotted, read_status
from genlab.rundir.tables import read_table, write_table
from genlab.sweeps.plan import PlannedCell

if TYPE_CHECKING:
    import pandas as pd


def results_rows(planned: Sequence[PlannedCell]) -> list[dict[str, Any]]:
    """One row a cell, in the order of the sweep: id, status, dotted config keys, `final.*` errors, scalar measures.

    A measure's column is `measure.<name>`, or `measure.<name>[option=value]` where an option differs from its default;
    of layers and curves there are none. No clock is in a row, so that an interrupted sweep gives the same rows as an
    undisturbed one. A cell that has not started has its id and its config.
    """
    return [_row(p) for p in planned]


def write_results(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write `results.csv`: config columns in the order of their first appearance, then final errors, then measures.

    Measures stand in alphabetical order, since the order of those in a run tells when they were computed.
    """
    columns = dict.fromkeys(key for row in rows for key in row)
    write_table(path, sorted(columns, key=_place), rows)


def _place(column: str) -> tuple[int, str]:
    if column.startswith("measure."):
        return 2, column
    return (1, "") if column.startswith("final.") else (0, "")


class SweepTables:
    """The tables of a sweep as DataFrames, each read once and only when asked for.

    Args:
        planned: cells with their run directories.
    """

    def __init__(self, planned: Sequence[PlannedCell]):
        self._planned = planned
        self._tables: dict[str, pd.DataFrame] = {}

    def __call__(self, name: str) -> "pd.DataFrame":
        """A long table; every row carries `id`, `status`, the dotted config columns of its run, then its own columns.

        Args:
            name: results, history, timing, measures, compression, bounds, or measures/NAME.
        """
        import pandas as pd

        if name not in self._tables:
            rows = results_rows(self._planned) if name == "results" else list(self._long(name))
            self._tables[name] = pd.DataFrame(rows)
        return self._tables[name]

    def _long(self, name: str) -> Iterator[dict[str, Any]]:
        for planned in self._planned:
            head = _head(planned)
            for row in read_table(_table_path(planned.run, name)):
                yield head | {key: _number(value) for key, value in row.items()}


def _table_path(run: RunDirectory, name: str) -> Path:
    kind, _, measure = name.partition("/")
    return run.measure_table(measure) if measure else run.path / f"{kind}.csv"


def _head(planned: PlannedCell) -> dict[str, Any]:
    """Id, status and config of a cell; of a cell that has not started, those that it will have."""
    return _head_of(planned, _status(planned))


def _head_of(planned: PlannedCell, status: dict[str, Any]) -> dict[str, Any]:
    config = status.get("config") or dotted(canonical(planned.cell.config, None))
    known = {"id": planned.run.run_id, "status": status.get("status", planned.state)}
    return known | {"reason": status.get("reason", planned.reason)} | _plain(config | _neutral(planned, config))


def _neutral(planned: PlannedCell, config: dict[str, Any]) -> dict[str, Any]:
    """The axes that a cell's identity leaves out, because there they have the value at which a run keeps its id."""
    left_out = [key for key in planned.cell.values if key not in config]
    resolved = dotted(planned.cell.config.model_dump(mode="json")) if left_out else {}
    return {key: resolved[key] for key in left_out if key in resolved}


def _status(planned: PlannedCell) -> dict[str, Any]:
    """The status of a run; empty where it has not started or its file is damaged."""
    try:
        return read_status(planned.run) if planned.run.status.exists() else {}
    except GenlabError:
        return {}


def _row(planned: PlannedCell) -> dict[str, Any]:
    status = _status(planned)
    row = _head_of(planned, status)
    if status.get("status", "running") == "running":
        return row
    try:
        return row | _final(status) | _measures(planned.run)
    except GenlabError as error:
        return row | _final(status) | {"status": planned.state, "reason": str(error)}


def run_row(run: RunDirectory) -> dict[str, Any]:
    """The row that a run would have in `results.csv`, whether it belongs to a sweep or not.

    Raises:
        GenlabError: the directory is not a run, or its status or measures are damaged.
    """
    status = read_status(run)
    head = {"id": run.run_id, "status": status["status"], "reason": status["reason"]} | _plain(status["config"])
    return head if status["status"] == "running" else head | _final(status) | _measures(run)


def _final(status: dict[str, Any]) -> dict[str, Any]:
    return {f"final.{key}": value for key, value in status.get("final", {}).items()}


def _measures(run: RunDirectory) -> dict[str, Any]:
    """The scalar measures of a run by column."""
    return {
        measure_column(measured["measure"], measured["options"]): _number(measured["value"])
        for measured in read_table(run.measures)
        if measured["layer"] == "" and measured["reason"] != "table"
    }


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """Config values as cells: a list of one value as that value (the width of a net of one hidden layer), else JSON."""
    return {key: _cell(value) if isinstance(value, list) else value for key, value in config.items()}


def _cell(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else json.dumps(values)


def _number(text: str) -> float | int | bool | str | None:
    if text == "":
        return None
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
