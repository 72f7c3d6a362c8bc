"""One view of a whole sweep on stderr: a bar over the cells and those at hand, or a line a cell."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from genlab.sweeps.plan import FAILED, PlannedCell

if TYPE_CHECKING:
    from genlab.training.evaluate import Evaluation

INTERVAL = 0.5
BAR, ELAPSED = 8, 7  # columns


class SweepProgress:
    """Progress of the cells of a sweep; also what the training loop of each cell reports to.

    Args:
        total: cells in all.
        done: cells that were done before.
        quiet: say nothing.
    """

    def __init__(self, total: int, done: int, *, quiet: bool):
        self._console = Console(stderr=True, quiet=quiet)
        self._total, self._done, self._failed, self._quiet = total, done, 0, quiet
        self._label, self._errors, self._shown, self._steps = "", "", 0.0, 1
        self._seen = False
        self._bar: RichProgress | None = None

    def __enter__(self) -> "SweepProgress":
        if self._console.is_terminal and not self._quiet:
            text = TextColumn("{task.description}", markup=False)
            columns = MofNCompleteColumn(), BarColumn(bar_width=BAR), TimeElapsedColumn(), text
            self._bar = RichProgress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("", total=self._total, completed=self._done)
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar:
            self._bar.stop()

    def begin(self, planned: PlannedCell, others: int = 0) -> None:
        """This process begins to work on a cell, and on so many others at the same time."""
        self._label = f"{others + 1} together, the first {planned.cell.label}" if others else planned.cell.label
        self._errors = ""
        self._update(self._label)

    def finished(self, planned: PlannedCell) -> None:
        """A cell is done or has failed."""
        failed = planned.state == FAILED
        self._failed += failed
        self._done += not failed
        if failed:
            self.say(f"failed: {planned.cell.label}: {planned.reason}")
        elif not self._bar and not self._quiet:
            print(f"[{self._done}/{self._total}] {planned.cell.label}: {planned.reason}", file=sys.stderr, flush=True)
        self._update("")

    def at_work(self, cells: Sequence[PlannedCell]) -> None:
        """Other processes are at these cells."""
        labels = "; ".join(p.cell.label for p in cells)
        self._seen = self._seen or bool(cells)
        starting = "" if self._seen else "processes are starting"
        self._update(f"{len(cells)} at work: {labels}" if cells else starting)

    def start(self, label: str, step: int, steps_per_epoch: int, total: int) -> None:
        """A cell's training starts."""
        self._steps = max(1, steps_per_epoch)

    def step(self, step: int, images: int, loss: Callable[[], float]) -> None:
        """A step of the cell is done; looked at only now and then, since that waits for the device."""
        now = time.perf_counter()
        if not self._bar or now - self._shown < INTERVAL:
            return
        self._shown = now
        self._update(self._label, f": epoch {step / self._steps:.0f} loss {loss():.2g}", self._errors)

    def evaluated(self, epoch: int, on_train: "Evaluation", on_test: "Evaluation") -> None:
        """An evaluation of the cell is done."""
        self._errors = f" error {on_train.error:.1%}/{on_test.error:.1%}"

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def stop(self) -> None:
        """The cell's training has ended; its measures follow."""
        self._update(self._label, ": trained")

    def _update(self, label: str, more: str = "", optional: str = "") -> None:
        """Show how far it is; where that does not fit in the line what is optional goes first, then the label's end."""
        if not self._bar:
            return
        failed = f"{self._failed} failed; " if self._failed else ""
        used = 2 * len(str(self._total)) + 1 + BAR + ELAPSED + 3 + len(failed) + len(more)
        room = max(0, self._console.width - used)
        if len(label) + len(optional) <= room:
            more += optional
        elif len(label) > room:
            label = label[: max(0, room - 1)] + "…"
        self._bar.update(self._task, completed=self._done, description=failed + label + more)
