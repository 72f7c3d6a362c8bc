"""Progress on stderr: a bar on a terminal, a line now and then elsewhere, or nothing."""

import sys
import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from genlab.errors import visible
from genlab.training.evaluate import Evaluation

BAR_INTERVAL, LINE_INTERVAL = 0.5, 15.0


class Progress(Protocol):
    """What the loop tells of its progress."""

    def start(self, label: str, step: int, steps_per_epoch: int, total: int) -> None:
        """A loop starts at `step` of `total`."""

    def step(self, step: int, images: int, loss: Callable[[], float]) -> None:
        """A step is done; its loss (of many nets the mean) is asked for only now and then, as that takes a wait."""

    def evaluated(self, epoch: int, on_train: Evaluation, on_test: Evaluation) -> None:
        """An evaluation is done."""

    def say(self, text: str) -> None:
        """A line for the user."""

    def stop(self) -> None:
        """The loop has ended."""


class Silent:
    """No progress, only what must be said."""

    def start(self, label: str, step: int, steps_per_epoch: int, total: int) -> None:
        """Nothing."""

    def step(self, step: int, images: int, loss: Callable[[], float]) -> None:
        """Nothing."""

    def evaluated(self, epoch: int, on_train: Evaluation, on_test: Evaluation) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class Reporting:
    """A bar with epoch, loss, error, images a second and time left on a terminal; a line an interval otherwise."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: RichProgress | None = None
        self._errors = ""
        self._images = 0
        self._shown = self._since = time.perf_counter()

    def start(self, label: str, step: int, steps_per_epoch: int, total: int) -> None:
        """Start the bar."""
        self._label, self._steps, self._total = label, max(1, steps_per_epoch), total
        self._images, self._shown, self._since = 0, time.perf_counter(), time.perf_counter()
        if self._console.is_terminal:
            bar = BarColumn(bar_width=12), TaskProgressColumn(), TimeRemainingColumn()
            self._bar = RichProgress(TextColumn("{task.description}"), *bar, console=self._console, transient=True)
            self._task = self._bar.add_task(label, total=total, completed=step)
            self._bar.start()

    def step(self, step: int, images: int, loss: Callable[[], float]) -> None:
        """Show the step if the last one shown is long enough ago."""
        self._images += images
        now = time.perf_counter()
        interval = BAR_INTERVAL if self._bar else LINE_INTERVAL
        if now - self._shown < interval:
            return
        rate = self._images / (now - self._since)
        self._shown = self._since = now
        self._images = 0
        epochs = f"epoch {step / self._steps:.1f}/{self._total // self._steps}"
        text = f"{epochs} loss {loss():.3g}{self._errors} {rate:,.0f} img/s"
        if self._bar:
            self._bar.update(self._task, completed=step, description=text)
        else:
            print(f"{self._label}: {text}", file=sys.stderr, flush=True)

    def evaluated(self, epoch: int, on_train: Evaluation, on_test: Evaluation) -> None:
        """Keep the errors for the next line."""
        self._errors = f" error {on_train.error:.1%}/{on_test.error:.1%}"
        self._since, self._images = time.perf_counter(), 0

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(visible(text), highlight=False, markup=False, soft_wrap=True)

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None
