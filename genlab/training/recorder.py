"""What a training loop leaves behind of one run: history, timing, checkpoints, status, final weights."""

import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from torch import Tensor

from genlab.errors import GenlabError
from genlab.rundir.best import best_of, better
from genlab.rundir.checkpoints import save_tensors
from genlab.rundir.columns import HISTORY_COLUMNS, TIMING_COLUMNS
from genlab.rundir.history import GrowingTable
from genlab.rundir.layout import RunDirectory
from genlab.rundir.provenance import now, record_stop
from genlab.rundir.status import State, read_status, write_status
from genlab.training.evaluate import Evaluation
from genlab.training.resume import save_checkpoint
from genlab.training.stopping import Ending


class Recorder:
    """Writes a run's files.

    Args:
        run: the directory.
        config: dotted keys of the scientific config, for the status.
        keep: of the config's execution: which weights stay at the end.
        keep_weights_at: likewise: epochs whose weights stay too.
        seconds: that earlier attempts have taken.
    """

    def __init__(
        self,
        run: RunDirectory,
        config: Mapping[str, Any],
        *,
        keep: Literal["all", "final", "none"] = "all",
        keep_weights_at: Collection[int] = (),
        seconds: float = 0.0,
    ):
        self.run = run
        self.history = GrowingTable(run.history, HISTORY_COLUMNS)
        self.timing = GrowingTable(run.timing, TIMING_COLUMNS)
        self.final: dict[str, Any] = {}
        self._best: dict[str, Any] = {}
        self.keep_weights_at = keep_weights_at
        self._config, self._keep, self._seconds = config, keep, seconds
        self._more: dict[str, Any] = {"started": now()}
        self._ended = False

    def record(self, epoch: int, step: int, rate: float | None, on_train: Evaluation, on_test: Evaluation) -> None:
        """Add a row to the history.

        Args:
            rate: of the last step, or before any step of the first; None where there is none.
        """
        row = {
            "epoch": epoch,
            "step": step,
            "learning_rate": rate,
            **{f"train_{key}": value for key, value in asdict(on_train).items()},
            "test_loss": on_test.loss,
            "test_error": on_test.error,
        }
        self.history.append(row)
        self._best = better(self._best, row)
        self._finish(row)

    def recall(self) -> None:
        """Take the last and the best errors from the history, where a run goes on."""
        rows = self.history.rows()
        self._best = best_of(rows)
        self._finish(rows[-1] if rows else {})

    def _finish(self, row: Mapping[str, Any]) -> None:
        self.final = {key: value for key, value in row.items() if value is not None} | self._best

    def time(self, epoch: int, step: int, seconds: float, images: int, peak_memory: int) -> None:
        """Add a row to the timing: an epoch's training without its evaluation, in this attempt.

        Args:
            seconds: by the clock; of nets that train together, this one's share.
        """
        row = {"epoch": epoch, "step": step, "seconds": round(seconds, 4), "peak_memory_bytes": peak_memory}
        self.timing.append(row | {"images_per_second": round(images / seconds, 1)})

    def spent(self, seconds: float) -> None:
        """Add to the time that the run has taken, evaluations included; of nets together, this one's share."""
        self._seconds += seconds

    def keep_weights(self, epoch: int, step: int, weights: Mapping[str, Tensor]) -> None:
        """Leave the weights after an epoch as a file of the run."""
        save_tensors(self.run.weights_at(epoch), dict(weights), {"epoch": epoch, "step": step})

    def save(self, step: int, weights: Mapping[str, Tensor], optimiser_state: Mapping[str, Tensor]) -> None:
        """Replace the checkpoint."""
        save_checkpoint(self.run, weights, optimiser_state, step)

    def end(self, ending: Ending, weights: Mapping[str, Tensor]) -> None:
        """Leave what a run leaves that has finished or diverged."""
        if ending.kind == "diverged":
            self._more["diverged"] = True
            self.write("failed", ending.reason)
            self._ended = True
            return
        if self._keep != "none":
            save_tensors(self.run.final, dict(weights))
        self.write("finished", ending.reason)
        self._ended = True
        shutil.rmtree(self.run.checkpoint.parent, ignore_errors=True)

    def write(self, state: State, reason: str = "") -> dict[str, Any]:
        """Replace the status, and close the attempt unless the run goes on.

        Returns:
            The content of status.json.
        """
        if state != "running":
            record_stop(self.run, f"{state}: {reason}" if reason else state)
            self._more["stopped"] = now()
        more = self._more | {"seconds": round(self._seconds, 3)}
        write_status(self.run, state, reason=reason, config=self._config, final=self.final, **more)
        return read_status(self.run)

    def write_if_possible(self, state: State, error: BaseException) -> None:
        """After a failure the disk may be full, and its first error is the one to tell.

        A run that has ended stays as it ended, whatever befalls its process then: there is no checkpoint to go on from.
        """
        if self._ended:
            return
        try:
            self.write(state, (str(error).splitlines() or [""])[0] or type(error).__name__)
        except GenlabError:
            return


class CheckpointClock:
    """When a checkpoint is due, besides when a run is stopped.

    Args:
        every_epochs: epochs between two checkpoints; None for none by epochs.
        every_seconds: seconds between two checkpoints; None for none by time.
    """

    def __init__(self, every_epochs: int | None, every_seconds: float | None):
        self._every_epochs, self._every_seconds = every_epochs, every_seconds
        self._saved_at = time.monotonic()

    def due(self, epochs: Sequence[int] = ()) -> bool:
        """Whether one is due now.

        Args:
            epochs: the numbers of epochs that nets have just done.
        """
        by_time = self._every_seconds is not None and time.monotonic() - self._saved_at >= self._every_seconds
        every = self._every_epochs
        return by_time or (every is not None and any(epoch % every == 0 for epoch in epochs))

    def saved(self) -> None:
        """One has been written."""
        self._saved_at = time.monotonic()
