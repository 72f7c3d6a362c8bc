"""What a procedure is given."""

from dataclasses import dataclass

import torch
from torch import nn

from genlab.data.dataset import Dataset
from genlab.training.execution import ExecutionChoices
from genlab.training.interruption import StopRequest
from genlab.training.progress import Progress
from genlab.training.recorder import CheckpointClock, Recorder
from genlab.training.resume import Checkpoint


@dataclass(frozen=True)
class Task:
    """A net as it begins, the data to make it from, and where to write what becomes of it.

    Attributes:
        seed: every random draw is of `generator_for(seed, stream, ...)`, with the epoch or step where there is one, so
            that a run that goes on draws what an undisturbed one would.
        dataset: on its device.
        model: as initialised from the seed, on the same device, in channels_last; to be changed in place. Where the run
            goes on, it has the weights of the checkpoint already.
        choices: device, threads (already in force), whether to compile, images a batch of an evaluation.
        checkpoint: what the run goes on from; None at its beginning.
        recorder: writes the run's files.
        clock: says when checkpoints are due besides when the run is stopped.
        request: to be asked, at every point at which the run could go on later, whether to stop there.
        progress: told of steps and evaluations.
    """

    seed: int
    dataset: Dataset
    model: nn.Module
    choices: ExecutionChoices
    checkpoint: Checkpoint | None
    recorder: Recorder
    clock: CheckpointClock
    request: StopRequest
    progress: Progress

    @property
    def device(self) -> torch.device:
        """Where the net is made."""
        return torch.device(self.choices.device)
