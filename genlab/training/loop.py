"""The training loop, from the first step to the last, in one function."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from genlab.data.batches import TrainBatches, batch_bounds
from genlab.randomness import generator_for
from genlab.training.allocation import keep_freed_memory
from genlab.training.evaluate import Evaluation
from genlab.training.interruption import StopRequest
from genlab.training.memory import peak_memory_bytes
from genlab.training.net import Net
from genlab.training.optimisers import set_learning_rate
from genlab.training.progress import Progress
from genlab.training.recorder import Recorder
from genlab.training.schedules import Schedule
from genlab.training.step import training_step
from genlab.training.stopping import StopRule


@dataclass(frozen=True)
class Ending:
    """How a call of `train` ended.

    Attributes:
        kind: finished (the last epoch or a threshold), diverged (NaN or infinite loss), or stopped (resumable).
        reason: in words.
        step: gradient steps done since the initialisation.
    """

    kind: Literal["finished", "diverged", "stopped"]
    reason: str
    step: int


def train(
    net: Net,
    optimiser: torch.optim.Optimizer,
    schedule: Schedule,
    batches: TrainBatches,
    evaluate: Callable[[], tuple[Evaluation, Evaluation]],
    *,
    seed: int,
    batch_size: int,
    epochs: int,
    evaluate_every: int,
    stop: StopRule,
    bfloat16: bool,
    first_step: int,
    recorder: Recorder,
    request: StopRequest,
    progress: Progress,
) -> Ending:
    """Train a net from `first_step` to its end, an interruption or divergence.

    All random draws are functions of the seed and of the epoch or step, so that a run resumed at any step goes on as
    if nothing had happened.

    Args:
        schedule: learning rate as a function of the epochs done.
        evaluate: gives (training set, test set).
        evaluate_every: epochs between two rows of the history; the last epoch always gets one.
        recorder: writes history, timing and checkpoints.
        request: asked after every step whether to stop here.

    Returns:
        The ending. When it is "stopped" a checkpoint of this very step has been written, or, where a loss was not
        finite, is left as the last one before, from which the divergence will be found again.
    """
    keep_freed_memory()
    bounds = batch_bounds(len(batches), batch_size)
    device = next(iter(net.parameters.values())).device
    step, total = first_step, epochs * len(bounds)
    if step == 0:
        on_train, on_test = evaluate()
        if not math.isfinite(on_train.loss):
            return Ending("diverged", f"the training loss is {on_train.loss} at initialisation", 0)
        recorder.record(0, 0, schedule(0), on_train, on_test)
    finite = torch.ones((), dtype=torch.bool, device=device)
    while step < total:
        epoch, position = divmod(step, len(bounds))
        draws = batches.draw(
            order_generator=generator_for(seed, "batches", epoch),
            augmentation_generator=generator_for(seed, "augmentation", epoch),
        )
        started, images_seen = time.perf_counter(), 0
        for begin, end in bounds[position:]:
            images, labels = batches.batch(draws, begin, end)
            rate = schedule(step / len(bounds))
            set_learning_rate(optimiser, rate)
            generator = generator_for(seed, "dropout", step, device=device) if net.draws else None
            loss = training_step(net, optimiser, images, labels, generator=generator, bfloat16=bfloat16)
            finite &= torch.isfinite(loss)
            step += 1
            images_seen += end - begin
            progress.step(step, end - begin, loss)
            if step % len(bounds) and recorder.interrupted_or_due(step, request, finite):
                return Ending("stopped", request.reason, step)
        epoch += 1
        recorder.time(epoch, step, time.perf_counter() - started, images_seen, peak_memory_bytes(device))
        if not finite.item():
            return Ending("diverged", f"the training loss became infinite or NaN in epoch {epoch}", step)
        if epoch % evaluate_every == 0 or step == total:
            on_train, on_test = evaluate()
            if not math.isfinite(on_train.loss):
                return Ending("diverged", f"the training loss is {on_train.loss} after epoch {epoch}", step)
            recorder.record(epoch, step, rate, on_train, on_test)
            progress.evaluated(epoch, on_train, on_test)
            if reason := stop.reached(on_train):
                return Ending("finished", reason, step)
        if step < total and recorder.interrupted_or_due(step, request, finite, epoch=epoch):
            return Ending("stopped", request.reason, step)
    return Ending("finished", f"{epochs} epochs", step)
