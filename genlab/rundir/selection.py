"""The runs that a command is about: those of its targets that fit its conditions, or the one of them started last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from genlab.errors import UsageError
from genlab.rundir.conditions import Condition
from genlab.rundir.find import directories_in, find_runs
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_rows import RunRows

MOST_VALUES = 8


@dataclass(frozen=True)
class Selection:
    """What was selected.

    Attributes:
        runs: each once, in the order of the targets.
        single: resolved paths of those that were asked for as one run, by directory, id, as the only one of their name
            or as the last; whoever can do nothing with such a run says so, and passes others over.
        damaged: a line for each run that could not be put to the conditions.
    """

    runs: tuple[RunDirectory, ...]
    single: frozenset[Path]
    damaged: tuple[str, ...] = ()


def select_runs(runs: Path, targets: Sequence[str] = (), *, where: Sequence[str] = (), last: bool = False) -> Selection:
    """The runs of all targets, or of a whole directory.

    Args:
        runs: the directory in which ids and names are looked up.
        targets: as `find_runs` takes them; none for all runs of the directory.
        where: conditions as `runs ls` takes them; all must hold.
        last: only the one of these that was started last.

    Raises:
        UsageError: a target names no run, a condition cannot be read, or nothing fits.
    """
    directories = directories_in(runs)
    found = [find_runs(runs, target, directories) for target in targets]
    chosen = {run.path.resolve(): run for one in found for run in one.runs}
    single = {run.path.resolve() for one in found if one.single for run in one.runs}
    if not targets:
        chosen, single = {run.path.resolve(): run for run in directories}, set()
    if not where and not last:
        return Selection(tuple(chosen.values()), frozenset(single))
    if not chosen:
        raise UsageError(f"there are no runs in {runs}")
    table = RunRows.of(chosen.values())
    everything = table.rows
    table.keep(where)
    if not table.rows:
        raise UsageError(_nothing_fits(runs, targets, where, RunRows(everything, table.damaged)))
    if last:
        table.rows = [max(table.rows, key=_start)]
        single |= {Path(row["path"]).resolve() for row in table.rows}
    kept = {row["path"] for row in table.rows}
    fitting = tuple(run for run in chosen.values() if str(run.path) in kept)
    return Selection(fitting, frozenset(single), tuple(table.damaged))


def _start(row: dict[str, Any]) -> tuple[datetime, int]:
    """When a run was started; those of one second by when they last said something."""
    try:
        started = datetime.fromisoformat(str(row.get("started", "")))
    except ValueError:
        started = datetime.min
    started = started if started.tzinfo else started.replace(tzinfo=UTC)
    return started, RunDirectory(Path(row["path"])).status.stat().st_mtime_ns


def _nothing_fits(runs: Path, targets: Sequence[str], where: Sequence[str], table: RunRows) -> str:
    """What was asked for, and the values that there are of the first condition that leaves nothing."""
    of = f" of {' '.join(targets)}" if targets else ""
    said = f"no run{of} in {runs} fits {' and '.join(where)}"
    if not table.rows:
        return f"no run{of} in {runs} can be read: {'; '.join(table.damaged)}"
    for text in where:
        key = table.column(Condition.read(text).key)
        values = list(dict.fromkeys(str(row[key]) for row in table.rows if row.get(key) is not None))
        table.keep([text])
        if not table.rows:
            more = f" and {len(values) - MOST_VALUES} more values" if len(values) > MOST_VALUES else ""
            return f"{said}; {key} is {', '.join(values[:MOST_VALUES]) or 'known of none'}{more}"
    return said
