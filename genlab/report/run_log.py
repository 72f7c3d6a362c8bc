"""What a run has done so far, from its own files, as lines: its attempts, each logged epoch, how it ended."""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from genlab.report.words import duration
from genlab.rundir.columns import HISTORY_COLUMNS, TIMING_COLUMNS, Columns
from genlab.rundir.history import REMEDY
from genlab.rundir.layout import RunDirectory
from genlab.rundir.provenance import read_provenance
from genlab.rundir.run_tables import row_of
from genlab.rundir.status import read_status
from genlab.rundir.tables import damaged, whole_rows

AT_WORK = ("pending", "running")
# Of training up to the end of an epoch, in all attempts together.
SO_FAR = "seconds_so_far"


@dataclass(frozen=True)
class RunLog:
    """The files of a run at one time.

    Attributes:
        status: of `read_status`.
        attempts: of provenance.json, in order.
        execution: where and how it runs, since its first start.
        epochs: rows of the history, each with those columns of the timing that it lacks where that has its epoch.
    """

    status: Mapping[str, Any]
    attempts: Sequence[Mapping[str, Any]]
    execution: Mapping[str, Any]
    epochs: Sequence[Mapping[str, Any]]

    @property
    def at_work(self) -> bool:
        """Whether the run goes on by itself."""
        return self.status["status"] in AT_WORK


def read_log(run: RunDirectory) -> RunLog:
    """The files of a run as they are now; a line that is being written is not there yet.

    Raises:
        GenlabError: the directory is no run, or a file of it is damaged.
    """
    # The status first: what it says that has ended is whole in what is read after it.
    status = read_status(run)
    timing, seconds = {}, 0.0
    for row in _rows(run, "timing", TIMING_COLUMNS):
        seconds += row["seconds"] or 0.0
        timing[row["epoch"]] = row | {SO_FAR: seconds}
    epochs = [timing.get(row["epoch"], {}) | row for row in _rows(run, "history", HISTORY_COLUMNS)]
    provenance = read_provenance(run)
    return RunLog(status, provenance.get("attempts", []), provenance.get("execution") or {}, epochs)


def lines_of(now: RunLog, before: RunLog | None = None, *, last: int | None = None) -> Iterator[str]:
    """What is new in a log, a line each; without one from before all of it.

    Args:
        before: what has been told.
        last: of the epochs only so many; None for all.
    """
    told = before.attempts if before and len(before.attempts) <= len(now.attempts) else []
    if before is None or len(now.attempts) > len(told):
        for index, attempt in enumerate(now.attempts):
            # How the last one ended comes after its epochs. Of those before nobody has noted down which were theirs.
            if index >= len(told):
                yield _start(index, attempt, now.execution)
            is_last = index == len(now.attempts) - 1
            if not is_last and (index >= len(told) or not told[index].get("stop")):
                yield _stop(attempt)
    yield from _epochs(now.epochs, before.epochs if before else [], last)
    if not now.at_work and (before is None or before.at_work or len(now.attempts) > len(told)):
        yield _end(now)


def follow(
    runs: Sequence[RunDirectory],
    tell: Callable[[RunDirectory, str], None],
    wait: Callable[[], None],
    *,
    last: int | None = None,
) -> list[RunLog]:
    """Tell what runs have done and go on with it until none of them is at work.

    Args:
        tell: called with each line.
        wait: called between two looks.
        last: as in `lines_of`.

    Returns:
        The logs at the end, in the order of the runs.

    Raises:
        GenlabError: a run is removed meanwhile, or a file of it is damaged.
    """
    logs: dict[int, RunLog] = {}
    seen: dict[int, tuple[Any, ...]] = {}
    while True:
        for number, run in enumerate(runs):
            known = logs.get(number)
            if known is not None and not known.at_work:
                continue
            # Most looks find nothing; a process that was killed changes no file, and is seen in the status alone.
            stamp = (read_status(run)["status"], *map(_stamp, (run.status, run.history, run.timing, run.provenance)))
            if stamp == seen.get(number):
                continue
            now = read_log(run)
            for line in lines_of(now, known, last=last):
                tell(run, line)
            logs[number], seen[number] = now, stamp
        if not any(log.at_work for log in logs.values()):
            return [logs[number] for number in range(len(runs))]
        wait()


def _rows(run: RunDirectory, table: str, columns: Columns) -> list[dict[str, Any]]:
    kinds = {name: column.kind for name, column in columns.items()}
    path = run.table(table)
    rows = []
    for number, cells in whole_rows(path, remedy=REMEDY):
        row = row_of(path, number, cells, kinds, REMEDY)
        if row["epoch"] is None or row["step"] is None:
            raise damaged(path, number, "it has no epoch or no step", REMEDY)
        rows.append(row)
    return rows


def _stamp(path: os.PathLike[str]) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _start(index: int, attempt: Mapping[str, Any], execution: Mapping[str, Any]) -> str:
    versions, together = attempt.get("versions") or {}, attempt.get("together", 1)
    said = "started" if index == 0 else f"attempt {index + 1} started"
    said += f" on {execution['device']}" if execution.get("device") else ""
    said += f", {together} nets together" if together != 1 else ""
    libraries = [f"{name} {versions[name]}" for name in ("genlab", "torch") if name in versions]
    said += f" ({', '.join(libraries)})" if libraries else ""
    words = [str(word) for word in attempt.get("argv") or []]
    if attempt.get("command"):
        said += f": {attempt['command']}"
    elif words:  # of an earlier version, which did not know what had been typed where a worker or a job ran it
        name = os.path.basename(words[0])
        said += f": {' '.join(['genlab' if name == '__main__.py' else name, *words[1:]])}"
    return _at(attempt.get("start"), said)


def _stop(attempt: Mapping[str, Any]) -> str:
    return _at(attempt.get("stop"), str(attempt.get("outcome") or "its process was killed"))


def _end(log: RunLog) -> str:
    last = log.attempts[-1] if log.attempts else {}
    reason, seconds = log.status["reason"], log.status.get("seconds")
    said = log.status["status"] + (f": {reason}" if reason else "")
    took = f" ({duration(seconds)} of training)" if isinstance(seconds, int | float) and seconds > 0 else ""
    return _at(last.get("stop"), said + took)


def _epochs(now: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], last: int | None) -> Iterator[str]:
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(now, before, strict=False)))
    if shared < len(before):
        yield f"goes on after epoch {now[shared - 1]['epoch']}" if shared else "starts afresh"
    first = shared if last is None or before else max(shared, len(now) - last)
    if first > shared:
        yield f"({first} epochs before are left out)" if first > 1 else "(an epoch before is left out)"
    for row in now[first:]:
        yield _epoch(row)


def _epoch(row: Mapping[str, Any]) -> str:
    sides = []
    for side in ("train", "test"):
        loss, error = row[f"{side}_loss"], row[f"{side}_error"]
        words = [f"loss {loss:.4g}" if loss is not None else "", f"error {error:.2%}" if error is not None else ""]
        sides.append(f"{side} {' '.join(filter(None, words)):<22}")
    rate = row.get("images_per_second")
    return f"epoch {row['epoch']:>3}  {'  '.join(sides)}  {f'{rate:,.0f} img/s' if rate else ''}".rstrip()


def _at(time: Any, said: str) -> str:
    """The time as the files have it, in UTC to the second."""
    when = str(time).replace("T", " ").removesuffix("+00:00") if time else ""
    return f"{when} UTC  {said}" if when else said


def log_as_dict(run: RunDirectory, log: RunLog, *, last: int | None = None) -> dict[str, Any]:
    """A log for JSON: what of the status is short, the attempts, and the epochs.

    Args:
        last: as in `lines_of`.
    """
    short = {key: value for key, value in log.status.items() if key not in ("config", "final")}
    epochs = list(log.epochs if last is None else log.epochs[max(0, len(log.epochs) - last) :])
    finite = [{key: value if _is_json(value) else None for key, value in row.items()} for row in epochs]
    return short | {"path": str(run.path), "attempts": list(log.attempts), "epochs": finite}


def _is_json(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
