"""All runs of a directory as one table, from Python."""

import os
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from genlab.errors import UsageError
from genlab.rundir.best import with_best
from genlab.rundir.find import is_run, runs_folder
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_rows import RunRows


def load_runs(runs: str | os.PathLike[str] | None = None, *, measures: bool = True) -> pd.DataFrame:
    """All runs of a directory, one row each, as `genlab.rundir.rows.run_row` has it.

    Columns: id, name, status, reason, path and times; dotted config keys; `final.*` errors; `measure.*`, the numbers of
    the whole net as it ended. What is damaged is warned of: a run whose status is has no row, one whose measures are
    has none of these.

    Args:
        runs: `GENLAB_RUNS` or `runs` where not given.
        measures: whether to read the measures of every run, a file each.

    Raises:
        UsageError: there is no run to be read. A table without rows would have no columns either, so that the next
            line would fail on a column that is missing, of a directory that was the wrong one.
    """
    folder = runs_folder(runs)
    table = RunRows.of_directory(folder)
    if not table.rows:
        raise UsageError(_why_none(folder, table.damaged))
    if measures:
        table.measure()
    for line in table.damaged:
        warnings.warn(line, stacklevel=2)
    for row in table.rows:
        row.update(_best(row))
    return pd.DataFrame(table.rows)


def _best(row: dict[str, Any]) -> dict[str, Any]:
    """The best test error and its epoch: from the history, where the version that made the run did not know them."""
    final = {key.removeprefix("final."): value for key, value in row.items() if key.startswith("final.")}
    return {f"final.{key}": value for key, value in with_best(final, RunDirectory(Path(row["path"]))).items()}


def _why_none(folder: Path, damaged: list[str]) -> str:
    """What is wrong with a directory without runs, and where they may be."""
    if damaged:
        return f"{folder}: none of its {len(damaged)} runs can be read: {damaged[0]}"
    if not folder.exists():
        return f"{folder}: no such directory; runs lie where `genlab train` ran, in runs/, or where --runs said"
    if is_run(folder):
        return f"{folder}: is one run; load_run reads it, and load_runs reads {folder.resolve().parent}"
    below = sorted({path.parent.parent for path in folder.glob("*/*/status.json")})
    return f"{folder}: holds no runs" + (f"; {below[0]} does" if below else "; `genlab train` makes them")
