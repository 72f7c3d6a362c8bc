"""One row of a run, wherever runs are rows: `runs ls`, `load_runs`, `results.csv`, the table of a zoo."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genlab.rundir.best import with_best
from genlab.rundir.columns import IN_A_TABLE
from genlab.rundir.history import last_errors
from genlab.rundir.layout import RunDirectory
from genlab.rundir.measure_column import measure_column
from genlab.rundir.run_tables import table_rows

PARTS = ("config", "final")
# Their status was written when they started or stopped; their history may be ahead of it.
UNFINISHED = ("running", "interrupted", "preempted")
# What of a status tells nothing of a clock or a place, so that equal runs have equal rows.
WITHOUT_CLOCK = ("id", "status", "reason", *PARTS)


def run_row(status: Mapping[str, Any], run: RunDirectory | None = None) -> dict[str, Any]:
    """The row of a run: what its status says of it, dotted config keys, `final.*` errors, `measure.*` values.

    Config values are cells: a list of one is that one (the width of a net with one hidden layer), other lists are JSON.
    A run that is at work has no final errors and measures yet. Where the status has its `path`, as in a list of runs,
    the errors of one that has not finished are those of the last row of its history, be it at work or stopped; where it
    has none, as in the results of a sweep, they are no results and nothing is read.

    Args:
        status: of `read_status`, or a part of it.
        run: whose measures.csv is read, and history.csv where the status is of a version that knew no best errors;
            without it there are no measures, and no file is read.

    Raises:
        GenlabError: measures.csv is damaged.
    """
    row = run_head(status)
    at_work = status.get("status", "running") == "running"
    final = {} if at_work else status.get("final", {})
    if run is not None:
        final = with_best(final, run)
    if "path" in status and status.get("status") in UNFINISHED:
        listed = RunDirectory(Path(status["path"]))
        final = with_best(last_errors(listed) or final, listed)
    row |= {f"final.{key}": value for key, value in final.items()}
    if at_work:
        return row
    return row if run is None else row | measure_values(run)


def run_head(status: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's row is known before it has ended; it stands before each row of the run's long tables too."""
    plain = {key: value for key, value in status.items() if key not in PARTS}
    return plain | {key: _cell(value) for key, value in status.get("config", {}).items()}


def without_clock(status: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a status that two equal runs have in common."""
    return {key: status[key] for key in WITHOUT_CLOCK if key in status}


def measure_values(run: RunDirectory) -> dict[str, float | None]:
    """The numbers of measures.csv by column: of the whole net as it ended, None where a measure has a reason instead.

    A column is `measure.<name>`, or `measure.<name>[option=value]` where an option differs from its default.

    Raises:
        GenlabError: the file is damaged.
    """
    return {measure_column(row["measure"], row["options"]): row["value"] for row in _rows_of_the_whole_net(run)}


def unconverged_measures(run: RunDirectory) -> tuple[str, ...]:
    """The columns of `measure_values` whose number says of itself that what it was iterated by has not converged.

    Raises:
        GenlabError: the file is damaged.
    """
    return tuple(
        measure_column(row["measure"], row["options"])
        for row in _rows_of_the_whole_net(run)
        if row["converged"] is False and row["value"] is not None
    )


def _rows_of_the_whole_net(run: RunDirectory) -> list[dict[str, Any]]:
    """As it ended, without measures that are tables."""
    return [
        row
        for row in table_rows(run, "measures")
        if row["epoch"] is None and row["layer"] == "" and row["reason"] != IN_A_TABLE
    ]


def _cell(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return value[0] if len(value) == 1 else json.dumps(value)
