"""What a training loop leaves behind while it runs: history, timing, checkpoints, status."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from torch import Tensor

from genlab.rundir.history import HISTORY_COLUMNS, TIMING_COLUMNS, GrowingTable
from genlab.rundir.layout import RunDirectory
from genlab.training.evaluate import Evaluation
from genlab.training.interruption import StopRequest


class Recorder:
    """Writes a run's growing files.

    Args:
        run: the directory.
        save_checkpoint: writes a checkpoint of the given step.
        on_record: called with each row of the history, as numbers.
        every_epochs: epochs between two checkpoints; None for none by epochs.
        every_seconds: seconds between two checkpoints; None for none by time.
    """

    def __init__(
        self,
        run: RunDirectory,
        save_checkpoint: Callable[[int], None],
        on_record: Callable[[dict[str, Any]], None],
        *,
        every_epochs: int | None,
        every_seconds: float | None,
    ):
        self.history = GrowingTable(run.history, HISTORY_COLUMNS)
        self.timing = GrowingTable(run.timing, TIMING_COLUMNS)
        self._save, self._on_record = save_checkpoint, on_record
        self._every_epochs, self._every_seconds = every_epochs, every_seconds
        self._saved_at = time.monotonic()

    def record(self, epoch: int, step: int, rate: float, on_train: Evaluation, on_test: Evaluation) -> None:
        """Add a row to the history."""
        row = {
            "epoch": epoch,
            "step": step,
            "learning_rate": rate,
            **{f"train_{key}": value for key, value in asdict(on_train).items()},
            "test_loss": on_test.loss,
            "test_error": on_test.error,
        }
        self.history.append(row)
        self._on_record(row)

    def time(self, epoch: int, step: int, seconds: float, images: int, peak_memory: int) -> None:
        """Add a row to the timing: an epoch's training without its evaluation (in this attempt)."""
        row = {"epoch": epoch, "step": step, "seconds": round(seconds, 4), "peak_memory_bytes": peak_memory}
        self.timing.append(row | {"images_per_second": round(images / seconds, 1)})

    def interrupted_or_due(self, step: int, request: StopRequest, finite: Tensor, *, epoch: int | None = None) -> bool:
        """Write a checkpoint if a stop is wanted or one is due; whether to stop.

        Args:
            finite: bool `[]`, whether the losses of the epoch so far were; after one that was not nothing is saved.
                Looked at only when a checkpoint would be written, since that waits for the device.
            epoch: the number of epochs done, where the step is the last of one.
        """
        wanted = bool(request.reason)
        by_time = self._every_seconds is not None and time.monotonic() - self._saved_at >= self._every_seconds
        by_epoch = self._every_epochs is not None and epoch is not None and epoch % self._every_epochs == 0
        if wanted or by_time or by_epoch:
            if finite.item():
                self._save(step)
            self._saved_at = time.monotonic()
        return wanted
