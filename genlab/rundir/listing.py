"""Lists and descriptions of runs, filtered and sorted, from their small files alone."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genlab.rundir.best import with_best
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import run_row
from genlab.rundir.run_rows import USUAL_COLUMNS, RunRows
from genlab.rundir.short_names import short_names
from genlab.rundir.status import dotted, read_status

ERRORS = ("final.epoch", "final.train_error", "final.test_error")
STARTED = "started"
# Of these it is worth a word that all runs have the same.
TOLD_ONCE = ("name", "data.name", "model.name", "data.labels.corruption", "seed")


@dataclass(frozen=True)
class Listing:
    """Runs as rows.

    Attributes:
        columns: what to show, in order.
        rows: all that is known of each run, by column.
        damaged: a line for each run whose status or measures cannot be read.
        names: what the columns are called in short; `list_runs` takes these too.
        asked: those of the columns that were asked for; the others are there since the runs differ in them.
        same: values that all runs have in common and that are in no column.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    damaged: list[str]
    names: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    same: Mapping[str, Any] = field(default_factory=dict)


def list_runs(
    runs: Path,
    *,
    where: Sequence[str] = (),
    sort: str | None = None,
    columns: str | None = None,
    usual: bool = False,
) -> Listing:
    """The runs of a directory.

    A column may be called by its end, as `short_names` has it. Measures are read only where a column, a condition or
    the order is of one.

    Args:
        where: conditions `KEY=VALUE`, with `!=`, `<`, `<=`, `>` and `>=` too; a run without the key does not fit.
        sort: a column, with `-` in front downwards; runs without a value come last.
        columns: comma-separated, with `*` and `?` for any letters; those with `+` in front are added to those that are
            shown where none is named: id, name and status, what the runs differ in, errors, and when they were started.
        usual: the columns of that are always the same ones, `USUAL_COLUMNS`, and what else the runs differ in after
            them: for programs.

    Raises:
        UsageError: a column that no run has, or a condition that cannot be read.
    """
    table = RunRows.of_directory(runs)
    table.keep(where)
    if sort:
        table.sort(sort)
    asked = [c.strip() for c in re.findall(r"(?:[^,\[]|\[[^\]]*\]?)+", columns or "") if c.strip()]
    added = [one for c in asked if c.startswith("+") for one in table.columns(c.removeprefix("+"))]
    named = [one for c in asked if not c.startswith("+") for one in table.columns(c)]
    shown = named or (_always(table) if usual else _telling(table))
    shown = list(dict.fromkeys([*shown, *added]))
    same = {} if named or usual else {key: value for key, value in _same(table).items() if key not in shown}
    names = short_names([*table.known, *(column for column in shown if column not in table.known)])
    return Listing(tuple(shown), table.rows, table.damaged, names, (*named, *added), same)


def _always(table: RunRows) -> list[str]:
    return list(dict.fromkeys([*USUAL_COLUMNS, *table.varying()]))


def _telling(table: RunRows) -> list[str]:
    """What tells the runs apart; of a single run the usual columns."""
    if len(table.rows) < 2:
        return [*USUAL_COLUMNS, STARTED]
    same = _same(table)
    return ["id", *(["name"] if "name" not in same else []), "status", *table.varying(), *ERRORS, STARTED]


def _same(table: RunRows) -> dict[str, Any]:
    """What all of several runs have in common."""
    if len(table.rows) < 2:
        return {}
    first = table.rows[0]
    return {key: first[key] for key in TOLD_ONCE if all(key in r and r[key] == first[key] for r in table.rows)}


def describe(run: RunDirectory) -> dict[str, Any]:
    """Everything that the small files of a run tell, as dotted keys: status, errors, config, provenance, files."""
    status = read_status(run)
    result = run_row(status | {"path": str(run.path), "final": with_best(status["final"], run)})
    try:
        provenance = json.loads(run.provenance.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        provenance = None
    if not isinstance(provenance, dict):
        provenance = {}
    attempts = provenance.get("attempts", [])
    result |= dotted({key: provenance.get(key, {}) for key in ("execution", "labels")})
    result["attempts"] = len(attempts)
    if attempts:
        result |= dotted({key: attempts[-1].get(key, {}) for key in ("command", "code", "versions", "git", "machine")})
    if epochs := run.kept_epochs():
        result["weights_at"] = ", ".join(map(str, epochs))
    files = sorted(f.relative_to(run.path) for f in run.path.rglob("*") if f.is_file())
    result["files"] = ", ".join(map(str, files))
    return result
