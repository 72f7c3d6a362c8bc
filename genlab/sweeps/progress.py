"""One view of a whole sweep on stderr: a bar over the cells and those at hand, or lines of them."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from genlab.errors import visible
from genlab.sweeps.file.grid import group_label
from genlab.sweeps.plan import FAILED, PlannedCell
from genlab.training.progress_line import BAR_INTERVAL, LINE_INTERVAL, Losses, TrainingLine
from genlab.training.ticker import ticking

if TYPE_CHECKING:
    from genlab.training.evaluate import Evaluation
    from genlab.training.progress import Naming

BAR, ELAPSED = 8, 7  # columns
MOST_HEARD = 100


class SweepProgress:
    """Progress of the cells of a sweep; also what the training loop of each cell reports to.

    Args:
        total: cells in all.
        done: cells that were done before.
        quiet: say nothing.
        one_of_several: this process shares the cells with others, and somebody else tells which of them are done.
    """

    def __init__(self, total: int, done: int, *, quiet: bool, one_of_several: bool = False):
        self._console = Console(stderr=True, quiet=quiet)
        self._total, self._done, self._failed, self._quiet = total, done, 0, quiet
        self._tells_ends = not one_of_several
        self._label = ""
        self._line = TrainingLine()
        self._seen = False
        self._heard: list[str] = []
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

    def begin(self, cells: Sequence[PlannedCell]) -> None:
        """This process begins to work on a cell, or on several at the same time."""
        self._label = group_label([planned.cell for planned in cells])
        self._update(self._label)

    def finished(self, planned: PlannedCell) -> None:
        """A cell is done or has failed."""
        failed = planned.state == FAILED
        self._failed += failed
        self._done += not failed
        if self._tells_ends and failed:
            self.say(f"failed: {planned.cell.label}: {planned.reason}")
        elif self._tells_ends and not self._bar:
            self._print(f"[{self._done}/{self._total}] {planned.cell.label}: {planned.reason}")
        self._update("")

    def at_work(self, cells: Sequence[PlannedCell]) -> None:
        """Other processes are at these cells."""
        self._seen = self._seen or bool(cells)
        starting = "" if self._seen else "processes are starting"
        labels = "; ".join(self._how_far(p.cell.label) for p in cells)
        self._update(f"{len(cells)} at work: {labels}" if cells else starting)

    def heard(self, line: str) -> None:
        """Another process has said a line, which is passed on; beside a bar what it says of a cell is said there."""
        if line in self._heard:
            return  # several have the same to say, of what they cannot do
        self._heard = [line, *self._heard[:MOST_HEARD]]
        if not self._bar:
            self._print(line)

    def _how_far(self, label: str) -> str:
        return next((line for line in self._heard if line.startswith(f"{label}: ")), label)

    def start(self, label: str, step: int, steps_per_epoch: int, total: int, *, ends_early: bool) -> None:
        """The training of the cells at hand starts."""
        self._line.start(steps_per_epoch, total)

    def step(self, step: int, images: int, losses: Losses) -> None:
        """A step of the cells is done; looked at only now and then, since that waits for the device."""
        if self._quiet:
            return
        shown = self._line.step(step, images, losses, BAR_INTERVAL if self._bar else LINE_INTERVAL)
        if shown is not None and self._bar:
            self._update(self._label, f": {shown.epochs} {shown.loss}", f" {shown.errors}" if shown.errors else "")
        elif shown is not None:
            self._print(f"{self._label}: {shown}")

    def evaluated(self, epoch: int, on_train: "Sequence[Evaluation]", on_test: "Sequence[Evaluation]") -> None:
        """An evaluation of the cells is done."""
        self._line.evaluated(on_train, on_test)

    @contextlib.contextmanager
    def doing(self, what: str) -> "Iterator[Naming]":
        """A pass over the cell at hand goes on while the block runs; it is told with the part that the block names."""
        if self._bar:
            self._update(self._label, f": {what}")
            yield lambda part: self._update(self._label, f": {what} {part}")
            self._update(self._label)
        else:
            with ticking(lambda text: self._print(f"{self._label}: {text}"), what, LINE_INTERVAL) as naming:
                yield naming

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def stop(self) -> None:
        """The training has ended; measures follow."""
        self._update(self._label, ": trained")

    def _print(self, text: str) -> None:
        if not self._quiet:
            print(visible(text), file=sys.stderr, flush=True)

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
