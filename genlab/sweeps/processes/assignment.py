"""What the processes of one `genlab sweep --jobs` tell each other: the cells, who is at which, which are given up."""

import json
from collections.abc import Sequence
from pathlib import Path

from genlab.rundir.atomic import write_json
from genlab.sweeps.plan import PlannedCell, failure_time

CELLS = "cells.json"


class Assignment:
    """The cells of one call, in a folder that its processes share while they run.

    A process that is started in the place of a killed one cannot tell by the states of the cells which of them the call
    is about: the cell in which its predecessor died is no longer `missing` or `failed`. So it is told.

    Args:
        folder: to which `assign` has written.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        # When each cell had failed before this call, in nanoseconds, by run id; None where it had not.
        self.cells: dict[str, int | None] = json.loads((folder / CELLS).read_text(encoding="utf-8"))

    def of(self, planned: Sequence[PlannedCell]) -> list[PlannedCell]:
        """Those of the cells that the call is about."""
        return [p for p in planned if p.run.run_id in self.cells]

    def begin(self, worker: int, run_ids: Sequence[str]) -> None:
        """A process is now at work on these cells and on no others; on none where there are none."""
        write_json(self._at(worker), list(run_ids))

    def take(self, worker: int) -> list[str]:
        """The cells that a process was at when it died; its successor is at none yet."""
        path = self._at(worker)
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        path.unlink(missing_ok=True)
        return [str(run_id) for run_id in found]

    def give_up(self, run_id: str, reason: str) -> None:
        """Let no process begin this cell any more."""
        write_json(self._given_up(run_id), reason)

    def given_up(self, run_id: str) -> str:
        """Why a cell was given up; empty where it was not."""
        path = self._given_up(run_id)
        return str(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ""

    def _at(self, worker: int) -> Path:
        return self.folder / f"worker-{worker}.json"

    def _given_up(self, run_id: str) -> Path:
        return self.folder / f"given-up-{run_id}.json"


def assign(folder: Path, pending: Sequence[PlannedCell]) -> Assignment:
    """Write down the cells of a call for its processes."""
    write_json(folder / CELLS, {p.run.run_id: failure_time(p) for p in pending})
    return Assignment(folder)
