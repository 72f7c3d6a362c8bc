"""The training loop, from the first step to the last, in one function."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec

import torch

from genlab.data.batches import batch_bounds
from genlab.errors import GenlabError
from genlab.hardware.allocation import keep_freed_memory
from genlab.hardware.memory import peak_memory_bytes
from genlab.randomness import generator_for
from genlab.training.evaluate import Evaluation
from genlab.training.interruption import StopRequest
from genlab.training.nets import Batches, Nets
from genlab.training.progress import Progress
from genlab.training.recorder import CheckpointClock, Recorder
from genlab.training.schedules import Schedule
from genlab.training.stopping import Ending, StopRule

P = ParamSpec("P")


@dataclass
class Member:
    """One net's part in the loop: what decides its training besides its batches, and its record.

    Attributes:
        seed: all random draws are functions of it and of the epoch or step, so that a run resumed at any step goes on
            as if nothing had happened.
        schedule: learning rate as a function of the epochs done.
        epochs: at most.
        evaluate_every: epochs between two rows of the history; the last epoch always gets one.
        stop: thresholds that end it earlier.
        recorder: writes history, timing, checkpoints and what is left at the end.
        step: gradient steps done since the initialisation.
        ending: how it ended; None until then.
    """

    seed: int
    schedule: Schedule
    epochs: int
    evaluate_every: int
    stop: StopRule
    recorder: Recorder
    step: int = 0
    ending: Ending | None = field(default=None)


def train(
    nets: Nets,
    members: Sequence[Member],
    batches: Batches[Any],
    *,
    batch_size: int,
    clock: CheckpointClock,
    request: StopRequest,
    progress: Progress,
) -> None:
    """Train one net, or many at once, each from its own step to its end, an interruption or divergence.

    A net that has ended leaves, as does one whose files cannot be written; the others go on. How each ended is its
    member's `ending`, and its recorder has been told. When that is "stopped" a checkpoint of this very step has been
    written, or, where a loss was not finite, is left as the last one before, from which the divergence will be found
    again.

    Args:
        members: of the nets, in their order. All are at the same position in their epoch, which may be another one for
            each.
        clock: says when checkpoints are due.
        request: asked after every step whether to stop here.
    """
    keep_freed_memory()
    bounds = batch_bounds(len(batches), batch_size)
    steps, since = len(bounds), time.perf_counter()

    def losses() -> list[float]:
        return nets.losses().tolist()

    members = list(members)
    if any(member.step == 0 for member in members):
        found = nets.evaluate()
        for member, (on_train, on_test) in zip(members, found, strict=True):
            if member.step == 0 and math.isfinite(on_train.loss):
                _written(member, member.recorder.record, 0, 0, member.schedule(0), on_train, on_test)
            elif member.step == 0:
                reason = f"the training loss is {on_train.loss} at initialisation"
                member.ending = Ending("diverged", reason, 0)
    for member in members:
        if member.ending is None and member.step >= member.epochs * steps:
            member.ending = Ending("finished", f"{member.epochs} epochs", member.step)
    members = _left(nets, batches, members)
    while members:
        position = members[0].step % steps
        draws = batches.draw(
            [generator_for(member.seed, "batches", member.step // steps) for member in members],
            [generator_for(member.seed, "augmentation", member.step // steps) for member in members],
        )
        started, images_seen = time.perf_counter(), 0
        for begin, end in bounds[position:]:
            batch = batches.batch(draws, begin, end)
            rates = [member.schedule(member.step / steps) for member in members]
            generators = _dropout_generators(members, nets.device) if nets.draws else None
            nets.step(batch, rates, generators)
            for member in members:
                member.step += 1
            images_seen += end - begin
            progress.step(members[0].step, (end - begin) * len(members), losses)
            wanted = bool(request.reason)
            if end < len(batches) and (wanted or clock.due()):
                _save(nets, members)
                clock.saved()
                if wanted:
                    _share(members, since)
                    _stop(members, request.reason)
                if all(member.ending for member in members):
                    return
        finite = nets.finite()  # which waits for the device, so that the time is that of the whole epoch
        seconds = (time.perf_counter() - started) / len(members)
        peak = peak_memory_bytes(nets.device)
        ended = [member.step == member.epochs * steps for member in members]
        for member, is_finite in zip(members, finite, strict=True):
            epoch = member.step // steps
            if member.ending is None:
                _written(member, member.recorder.time, epoch, member.step, seconds, images_seen, peak)
            if member.ending is None and not is_finite:
                reason = f"the training loss became infinite or NaN in epoch {epoch}"
                member.ending = Ending("diverged", reason, member.step)
        due = {
            index: rates[index]
            for index, member in enumerate(members)
            if member.ending is None and (ended[index] or member.step // steps % member.evaluate_every == 0)
        }
        if due:
            _evaluate(nets, members, due, steps, progress)
        for member, is_last in zip(members, ended, strict=True):
            if member.ending is None and is_last:
                member.ending = Ending("finished", f"{member.epochs} epochs", member.step)
        _keep_weights(nets, members, steps)
        since = _share(members, since)
        members = _left(nets, batches, members)
        wanted = bool(request.reason)
        if members and (wanted or clock.due([member.step // steps for member in members])):
            _save(nets, members)
            clock.saved()
            members = _left(nets, batches, members)
            if wanted:
                _stop(members, request.reason)
                return


def _evaluate(nets: Nets, members: Sequence[Member], due: Mapping[int, float], steps: int, progress: Progress) -> None:
    """A row in the history of each member that is due, at the learning rate of its last step, and maybe its end."""
    found = nets.evaluate()
    for index, rate in due.items():
        member, (on_train, on_test) = members[index], found[index]
        epoch = member.step // steps
        if not math.isfinite(on_train.loss):
            member.ending = Ending("diverged", f"the training loss is {on_train.loss} after epoch {epoch}", member.step)
            continue
        _written(member, member.recorder.record, epoch, member.step, rate, on_train, on_test)
        if member.ending is None and (reason := member.stop.reached(on_train)):
            member.ending = Ending("finished", reason, member.step)
    shown: list[tuple[Evaluation, Evaluation]] = [found[index] for index in due]
    progress.evaluated(members[0].step // steps, *map(list, zip(*shown, strict=True)))


def _keep_weights(nets: Nets, members: Sequence[Member], steps: int) -> None:
    """The weights of each net after this epoch, where it is one whose weights stay.

    Before a checkpoint of this epoch is written, so that whoever goes on from that has them.
    """
    for index, member in enumerate(members):
        epoch = member.step // steps
        sound = member.ending is None or member.ending.kind == "finished"
        if sound and epoch in member.recorder.keep_weights_at:
            _written(member, member.recorder.keep_weights, epoch, member.step, nets.weights(index))


def _left(nets: Nets, batches: Batches[Any], members: Sequence[Member]) -> list[Member]:
    """Those that have not ended; the others are handed to their recorders and leave."""
    left = [index for index, member in enumerate(members) if member.ending is None]
    if len(left) == len(members):
        return list(members)
    for index, member in enumerate(members):
        if member.ending is not None and member.ending.kind != "failed":
            _written(member, member.recorder.end, member.ending, nets.weights(index))
    nets.keep(left)
    batches.keep(left)
    return [members[index] for index in left]


def _save(nets: Nets, members: Sequence[Member]) -> None:
    """A checkpoint of each net; after a loss that was not finite nothing is saved."""
    for index, (member, is_finite) in enumerate(zip(members, nets.finite(), strict=True)):
        if is_finite and member.ending is None:
            _written(member, member.recorder.save, member.step, nets.weights(index), nets.optimiser_state(index))


def _written(member: Member, write: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Let a member's recorder write; where it cannot, this member has failed, and it says so if it still can."""
    try:
        write(*args, **kwargs)
    except GenlabError as error:
        member.ending = Ending("failed", str(error), member.step)
        member.recorder.write_if_possible("failed", error)


def _share(members: Sequence[Member], since: float) -> float:
    """Share out the time from `since` to now among the members, and say when now is."""
    now = time.perf_counter()
    for member in members:
        member.recorder.spent((now - since) / len(members))
    return now


def _stop(members: Sequence[Member], reason: str) -> None:
    for member in members:
        if member.ending is None:
            member.ending = Ending("stopped", reason, member.step)


def _dropout_generators(members: Sequence[Member], device: torch.device) -> list[torch.Generator]:
    return [generator_for(member.seed, "dropout", member.step, device=device) for member in members]
