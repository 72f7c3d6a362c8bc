"""Cells in which processes are killed again and again, most often for want of memory."""

import contextlib
from collections import Counter
from collections.abc import MutableMapping, Sequence

from genlab.errors import GenlabError
from genlab.rundir.locks import locked
from genlab.rundir.status import say_failed
from genlab.sweeps.plan import PlannedCell
from genlab.sweeps.processes.assignment import Assignment

MOST_KILLS = 3
OUT_OF_MEMORY = (
    "most likely memory ran out: fewer --jobs leave each process more of it, a smaller training.batch_size or model "
    "needs less; "
)


class Kills:
    """Counts the processes that were killed at each cell, and gives a cell up after three.

    Args:
        assignment: of the call.
        pending: its cells.
        reasons: why cells failed, by run id; those that are given up are added.
    """

    def __init__(self, assignment: Assignment, pending: Sequence[PlannedCell], reasons: MutableMapping[str, str]):
        self._assignment, self._reasons = assignment, reasons
        self._cells = {p.run.run_id: p for p in pending}
        self._killed: Counter[str] = Counter()
        self.given_up: list[str] = []

    def __call__(self, worker: int, by: str) -> bool:
        """A process was killed; whether it was at work on a cell.

        Args:
            worker: its number.
            by: name of the signal.
        """
        at_work = self._assignment.take(worker)
        if len(at_work) > 1:  # Together once more, but half as many at a time, until it shows which of them it is.
            return True
        for run_id in at_work:
            self._killed[run_id] += 1
            if self._killed[run_id] >= MOST_KILLS and run_id in self._cells:
                self._give_up(run_id, by)
        return bool(at_work)

    def _give_up(self, run_id: str, by: str) -> None:
        reason = f"its process was killed {self._killed[run_id]} times while at work on it (by {by}); "
        reason += (OUT_OF_MEMORY if by == "SIGKILL" else "") + "--only failed tries it again"
        self._assignment.give_up(run_id, reason)
        self.given_up.append(run_id)
        self._reasons[run_id] = reason
        run = self._cells[run_id].run
        # Another process may have taken the cell since; should it be killed too, the run is told of then. And where
        # nothing can be written, the reason still stands in what this call prints.
        with contextlib.suppress(GenlabError), locked(run.path.parent, run_id):
            say_failed(run, reason)
