"""Progress on stderr: a bar on a terminal, a line now and then elsewhere, or nothing."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from genlab.errors import visible
from genlab.training.evaluate import Evaluation
from genlab.training.progress_line import BAR_INTERVAL, LINE_INTERVAL, Losses, TrainingLine
from genlab.training.ticker import ticking

# Columns of a terminal: of the bar, and of the percentage, the time left and the gaps beside it.
BAR, BESIDE = 8, 15
# Called with the part of a longer work that is at hand.
Naming = Callable[[str], None]


class Progress(Protocol):
    """What the loop tells of its progress."""

    def start(self, label: str, step: int, steps_per_epoch: int, total: int, *, ends_early: bool) -> None:
        """A loop starts at `step` of `total`, which it may not come to where a threshold ends it early."""

    def step(self, step: int, images: int, losses: Losses) -> None:
        """A step is done; the losses of the nets are asked for only now and then, as that takes a wait."""

    def evaluated(self, epoch: int, on_train: Sequence[Evaluation], on_test: Sequence[Evaluation]) -> None:
        """An evaluation of the nets is done."""

    def doing(self, what: str) -> contextlib.AbstractContextManager[Naming]:
        """Something that is no training goes on while the block runs; the block may name the part that is at hand."""

    def say(self, text: str) -> None:
        """A line for the user."""

    def stop(self) -> None:
        """The loop has ended."""


class Silent:
    """No progress, only what must be said."""

    def start(self, label: str, step: int, steps_per_epoch: int, total: int, *, ends_early: bool) -> None:
        """Nothing."""

    def step(self, step: int, images: int, losses: Losses) -> None:
        """Nothing."""

    def evaluated(self, epoch: int, on_train: Sequence[Evaluation], on_test: Sequence[Evaluation]) -> None:
        """Nothing."""

    def doing(self, what: str) -> contextlib.AbstractContextManager[Naming]:
        """Nothing."""
        return contextlib.nullcontext(lambda part: None)

    def say(self, text: str) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class Reporting:
    """A bar with epoch, loss, error, images a second and time left on a terminal; a line an interval otherwise."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: RichProgress | None = None
        self._line = TrainingLine()

    def start(self, label: str, step: int, steps_per_epoch: int, total: int, *, ends_early: bool) -> None:
        """Start the bar."""
        self._label = label
        self._line.start(steps_per_epoch, total)
        if self._console.is_terminal:
            left = TimeLeft("at most " if ends_early else "")
            self._beside = BAR + BESIDE + len(left.before)
            bar = BarColumn(bar_width=BAR), TaskProgressColumn(), left
            self._bar = RichProgress(TextColumn("{task.description}"), *bar, console=self._console, transient=True)
            self._task = self._bar.add_task(label, total=total, completed=step)
            self._bar.start()

    def step(self, step: int, images: int, losses: Losses) -> None:
        """Show the step if the last one shown is long enough ago."""
        shown = self._line.step(step, images, losses, BAR_INTERVAL if self._bar else LINE_INTERVAL)
        if shown is None:
            return
        if self._bar:
            self._bar.update(self._task, completed=step, description=shown.within(self._console.width - self._beside))
        else:
            self._print(f"{self._label}: {shown}")

    def evaluated(self, epoch: int, on_train: Sequence[Evaluation], on_test: Sequence[Evaluation]) -> None:
        """Keep the errors for the next line."""
        self._line.evaluated(on_train, on_test)

    @contextlib.contextmanager
    def doing(self, what: str) -> Iterator[Naming]:
        """A spinner on a terminal, a line an interval otherwise."""
        if self._console.is_terminal:
            with self._console.status(visible(what)) as status:
                yield lambda part: status.update(visible(f"{what} {part}"))
        else:
            with ticking(self._print, what, LINE_INTERVAL) as naming:
                yield naming

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(visible(text), highlight=False, markup=False, soft_wrap=True)

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _print(self, text: str) -> None:
        print(visible(text), file=sys.stderr, flush=True)


class TimeLeft(ProgressColumn):
    """The time to the last step there can be.

    Args:
        before: put in front of it.
    """

    max_refresh = 0.5

    def __init__(self, before: str):
        super().__init__()
        self.before, self._remaining = before, TimeRemainingColumn()

    def render(self, task: Task) -> Text:
        """As `0:04:19`, or `at most 0:04:19`."""
        time = self._remaining.render(task)
        return Text.assemble((self.before, time.style), time)
