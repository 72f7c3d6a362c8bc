"""Lists and descriptions of runs, filtered and sorted, from their status files alone."""

import json
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genlab.config.validation import nearest
from genlab.config.values import value_form
from genlab.config.yaml_source import parse_scalar
from genlab.errors import UsageError
from genlab.rundir.best import with_best
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import run_row
from genlab.rundir.status import all_statuses, dotted, read_status

USUAL_COLUMNS = (
    "id",
    "name",
    "status",
    "data.name",
    "data.labels.corruption",
    "model.name",
    "seed",
    "final.epoch",
    "final.train_error",
    "final.test_error",
)
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Listing:
    """Runs as rows.

    Attributes:
        columns: what to show, in order.
        rows: all that is known of each run, by column.
        damaged: a line for each run whose status cannot be read.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    damaged: list[str]


def list_runs(runs: Path, *, where: Sequence[str] = (), sort: str | None = None, columns: str | None = None) -> Listing:
    """The runs of a directory.

    Args:
        where: conditions `KEY=VALUE`, with `!=`, `<`, `<=`, `>` and `>=` too; a run without the key does not fit.
        sort: a column, with `-` in front downwards; runs without a value come last.
        columns: comma-separated; those with `+` in front are added to the usual ones.

    Raises:
        UsageError: a column that no run has, or a condition that cannot be read.
    """
    statuses, damaged = all_statuses(runs)
    rows = [run_row(status) for status in statuses]
    asked = [c.strip() for c in (columns or "").split(",") if c.strip()]
    added = [c.removeprefix("+") for c in asked if c.startswith("+")]
    chosen = [c for c in asked if not c.startswith("+")] or list(USUAL_COLUMNS)
    conditions = [_condition(text) for text in where]
    if "size" in [*chosen, *added, (sort or "").lstrip("-"), *(key for key, _ in conditions)]:
        for row in rows:
            row["size"] = sum(f.stat().st_size for f in Path(row["path"]).rglob("*") if f.is_file())
    known = sorted({key for row in rows for key in row})
    if rows:
        for column in [*chosen, *added, *(key for key, _ in conditions), *([sort.lstrip("-")] if sort else [])]:
            if column not in known and column not in USUAL_COLUMNS:
                raise UsageError(f"no run has a column {column!r}; {nearest(column, known)}")
    rows = [row for row in rows if all(key in row and fits(row[key]) for key, fits in conditions)]
    if sort:
        key = sort.lstrip("-")
        present = [row for row in rows if row.get(key) is not None]
        absent = [row for row in rows if row.get(key) is None]
        numeric = all(isinstance(row[key], int | float) for row in present)
        present.sort(key=lambda row: row[key] if numeric else str(row[key]), reverse=sort.startswith("-"))
        rows = present + absent
    return Listing((*chosen, *added), rows, damaged)


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
        result |= dotted({key: attempts[-1].get(key, {}) for key in ("versions", "git", "machine")})
    if epochs := run.kept_epochs():
        result["weights_at"] = ", ".join(map(str, epochs))
    files = sorted(f.relative_to(run.path) for f in run.path.rglob("*") if f.is_file())
    result["files"] = ", ".join(map(str, files))
    return result


def _condition(text: str) -> tuple[str, Callable[[Any], bool]]:
    match = re.fullmatch(r"([^=<>!]+)(!=|<=|>=|=|<|>)([^=<>].*)?", text)
    if match is None:
        raise UsageError(f"--where {text!r}: a condition is KEY=VALUE (or !=, <, <=, >, >= in place of =)")
    key, sign, value = match.group(1).strip(), match.group(2), (match.group(3) or "").strip()
    wanted = parse_scalar(value)

    def fits(found: Any) -> bool:
        # An id of digits alone is not the number, and a list of one is that one.
        if sign in ("=", "!=") and (str(found) == value or value_form(found) == value_form(value)):
            return sign == "="
        try:
            return COMPARISONS[sign](found, wanted)
        except TypeError:
            return False

    return key, fits
