"""What a line says of a training loop now and then: epochs, loss, errors, images a second; of many nets the ranges."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genlab.training.evaluate import Evaluation

# Seconds between two updates of a bar, and between two lines where there is no terminal.
BAR_INTERVAL, LINE_INTERVAL = 0.5, 15.0
Losses = Callable[[], Sequence[float]]


@dataclass(frozen=True)
class Shown:
    """The parts of a line, each a few words.

    Attributes:
        epochs: that are done, of those that there can be.
        loss: of the last step.
        errors: on the training and the test set when they were last evaluated; empty before.
        rate: images a second of all nets, without the time of evaluations.
    """

    epochs: str
    loss: str
    errors: str
    rate: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.epochs, self.loss, self.errors, self.rate)))

    def within(self, room: int) -> str:
        """As many of the parts as fit into so many columns; the rate goes first, then the errors."""
        for shorter in (self, replace(self, rate=""), replace(self, rate="", errors="")):
            if len(text := str(shorter)) <= room:
                break
        return text


class TrainingLine:
    """Counts what a loop does, and puts it into words when the last words are old enough."""

    def __init__(self) -> None:
        self.start(1, 0)

    def start(self, steps_per_epoch: int, total: int) -> None:
        """A loop starts.

        Args:
            total: steps at most.
        """
        self._steps, self._total = max(1, steps_per_epoch), total
        self._errors, self._images, self._nets = "", 0, 0
        self._shown = self._since = time.perf_counter()

    def step(self, step: int, images: int, losses: Losses, interval: float) -> Shown | None:
        """A step is done; its words, or None where the last ones are less than `interval` seconds old.

        Args:
            losses: of the nets that are left; asked for only where there are words, as that waits for the device.
        """
        self._images += images
        now = time.perf_counter()
        if now - self._shown < interval:
            return None
        rate = self._images / (now - self._since) if now > self._since else 0.0
        self._shown = self._since = now
        self._images = 0
        found = losses()
        self._nets = max(self._nets, len(found))
        gone = f" ({len(found)} of {self._nets} left)" if len(found) < self._nets else ""
        epochs = f"epoch {step / self._steps:.1f}/{self._total // self._steps}{gone}"
        return Shown(epochs, f"loss {_range(found, '.3g')}", self._errors, f"{rate:,.0f} img/s")

    def evaluated(self, on_train: "Sequence[Evaluation]", on_test: "Sequence[Evaluation]") -> None:
        """Keep the errors of the nets for the next words; the time that it took is not that of steps."""
        sides = [f"{_range([100 * one.error for one in side], '.1f')}%" for side in (on_train, on_test)]
        self._errors = f"error {'/'.join(sides)}"
        self._since, self._images = time.perf_counter(), 0


def _range(numbers: Sequence[float], form: str) -> str:
    """The smallest and the largest of some numbers, or one where both are written alike."""
    known = [number for number in numbers if not math.isnan(number)] or [math.nan]
    return "..".join(dict.fromkeys([format(min(known), form), format(max(known), form)]))
