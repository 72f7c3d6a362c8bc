"""When training has reached its goal, and how it ended."""

from dataclasses import dataclass
from typing import Literal

from genlab.training.evaluate import Evaluation


@dataclass(frozen=True)
class Ending:
    """How the training of a net ended.

    Attributes:
        kind: finished (the last epoch or a threshold), diverged (NaN or infinite loss), stopped (resumable), or failed
            (its files could not be written).
        reason: in words.
        step: gradient steps done since the initialisation.
    """

    kind: Literal["finished", "diverged", "stopped", "failed"]
    reason: str
    step: int


@dataclass(frozen=True)
class StopRule:
    """Thresholds on the training set, looked at after every evaluation.

    Attributes:
        train_error: stop when the error is at most this; None never.
        train_loss: stop when the cross-entropy is below this; None never.
    """

    train_error: float | None = None
    train_loss: float | None = None

    @property
    def can_end(self) -> bool:
        """Whether there is a threshold that may end a training before its last epoch."""
        return self.train_error is not None or self.train_loss is not None

    def reached(self, train: Evaluation) -> str | None:
        """Why to stop, or None."""
        if self.train_error is not None and train.error <= self.train_error:
            return f"training error {train.error:g} reached {self.train_error:g}"
        if self.train_loss is not None and train.loss < self.train_loss:
            return f"training loss {train.loss:.3g} fell below {self.train_loss:g}"
        return None
