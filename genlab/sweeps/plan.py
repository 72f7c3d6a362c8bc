"""What of a sweep is done and what is left, from the small files of its runs."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from genlab.config.identity import run_id
from genlab.config.schema.data import DataConfig
from genlab.errors import DataMissingError, GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.promised import lost_files
from genlab.rundir.status import read_status
from genlab.sweeps.expected_rows import ExpectedRows, promised_epochs
from genlab.sweeps.file.grid import Cell, Sweep

DONE, UNMEASURED, FAILED, RESUMABLE, RUNNING, MISSING = (
    "done",
    "unmeasured",
    "failed",
    "resumable",
    "running",
    "missing",
)


@dataclass(frozen=True)
class PlannedCell:
    """A cell with its run directory and how far it is.

    Attributes:
        state: done, unmeasured (trained, passes missing), failed, resumable, running, or missing.
        reason: why it failed or stopped.
        seconds: that its training took, all attempts together and of nets that trained together its share, where it is
            finished; else None.
    """

    cell: Cell
    run: RunDirectory
    state: str
    reason: str = ""
    seconds: float | None = None


def plan(
    sweep: Sweep, runs: Path, expected: ExpectedRows, fingerprint: Callable[[DataConfig], str | None]
) -> list[PlannedCell]:
    """The state of every cell, in the order of the sweep; cells of a folder of images that cannot be read have failed.

    Args:
        runs: directory of all runs.
        expected: that every cell must have.
        fingerprint: content of the user's own files; asked once for each.

    Raises:
        DataMissingError: no cell has images that can be read.
    """
    directories = existing_directories(runs)
    missing = MissingData(sweep.cells)
    fingerprints: dict[DataKey, str | None] = {}
    planned = []
    for cell in sweep.cells:
        key = data_key(cell)
        if key not in fingerprints:
            try:
                fingerprints[key] = fingerprint(cell.config.data)
            except DataMissingError as error:
                missing.add(cell, error)
                # The id that it will have is that of content which nobody has seen; no content has this one.
                fingerprints[key] = f"missing {cell.config.data.own_files}"
        identity = run_id(cell.config, fingerprints[key])
        run = RunDirectory(directories.get(identity, runs / f"{cell.config.name}-{identity}"))
        reason = missing.reason(cell)
        planned.append(PlannedCell(cell, run, FAILED, reason) if reason else planned_cell(cell, run, expected))
    return planned


DataKey = tuple[str, str | None]


def data_key(cell: Cell) -> DataKey:
    """What tells the data set of a cell from that of another."""
    return cell.config.data.name, cell.config.data.own_files


class MissingData:
    """The data sets of a sweep that were found missing.

    Args:
        cells: of the sweep.
    """

    def __init__(self, cells: Iterable[Cell]):
        self._all = {data_key(cell) for cell in cells}
        self._reasons: dict[DataKey, str] = {}

    def add(self, cell: Cell, error: DataMissingError) -> None:
        """The images of a cell are missing.

        Raises:
            DataMissingError: and now those of every cell are.
        """
        self._reasons[data_key(cell)] = str(error)
        if self._reasons.keys() >= self._all:
            raise DataMissingError("; ".join(dict.fromkeys(self._reasons.values())))

    def reason(self, cell: Cell) -> str:
        """Why the images of a cell are missing; empty where they are not known to be."""
        return self._reasons.get(data_key(cell), "")


def existing_directories(runs: Path) -> dict[str, Path]:
    """The directory of each run id, from one listing, however many runs there are."""
    if not runs.is_dir():
        return {}
    with os.scandir(runs) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    return {name.rpartition("-")[2]: runs / name for name in reversed(names)}


def planned_cell(cell: Cell, run: RunDirectory, expected: ExpectedRows) -> PlannedCell:
    """The state of one cell now."""
    if not run.status.exists():
        return PlannedCell(cell, run, MISSING)
    try:
        status = read_status(run)
    except GenlabError as error:
        return PlannedCell(cell, run, FAILED, str(error))
    state, reason = status["status"], str(status.get("reason", ""))
    if state == "finished":
        if lost := lost_files(run):
            return PlannedCell(cell, run, RESUMABLE, f"{', '.join(lost)} of the finished run is gone")
        try:
            done = expected.done(run, promised_epochs(cell.config, status))
        except GenlabError as error:
            return PlannedCell(cell, run, FAILED, str(error))
        return PlannedCell(cell, run, DONE if done else UNMEASURED, reason, _seconds(status))
    names = {"failed": FAILED, "running": RUNNING}
    return PlannedCell(cell, run, names.get(state, RESUMABLE), reason)


def told(planned: PlannedCell, reasons: Mapping[str, str]) -> PlannedCell:
    """A cell that failed where its files do not say so."""
    if planned.run.run_id in reasons and planned.state not in (DONE, FAILED):
        return replace(planned, state=FAILED, reason=reasons[planned.run.run_id])
    return planned


def failure_time(planned: PlannedCell) -> int | None:
    """What tells one failure of a cell from another, in nanoseconds; None where it has not failed."""
    if planned.state != FAILED:
        return None
    try:
        return planned.run.status.stat().st_mtime_ns
    except OSError:
        return 0


def estimated_seconds(planned: Sequence[PlannedCell]) -> float | None:
    """Seconds that the cells which are left will take one after another, by the mean of those that are done."""
    known = [p.seconds for p in planned if p.seconds is not None]
    left = sum(p.state in (MISSING, RESUMABLE, RUNNING) for p in planned)
    return left * sum(known) / len(known) if known else None


def _seconds(status: dict[str, object]) -> float | None:
    if isinstance(status.get("seconds"), int | float):
        return float(status["seconds"])  # type: ignore[arg-type]
    try:
        started, stopped = (datetime.fromisoformat(str(status[key])) for key in ("started", "stopped"))
    except (KeyError, ValueError):
        return None
    return (stopped - started).total_seconds()
