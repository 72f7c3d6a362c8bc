"""Many runs at once: nets of one shape trained side by side, each in a run directory of its own."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from genlab.config.schema import TrainConfig
from genlab.data.batches import batch_bounds
from genlab.data.stacked import StackedDataset, build_stacked_dataset
from genlab.errors import GenlabError, InterruptedByUserError, LockedError, PreemptedError
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.rundir.locks import locked
from genlab.rundir.provenance import read_provenance, record_start
from genlab.training.devices import arithmetic
from genlab.training.execution import ExecutionChoices, execution_choices
from genlab.training.grouping import stacked
from genlab.training.interruption import stop_requests
from genlab.training.loop import Member, train
from genlab.training.opening import Identified, TrainResult, identified
from genlab.training.progress import Progress
from genlab.training.recorder import CheckpointClock, Recorder
from genlab.training.resume import Checkpoint, load_checkpoint
from genlab.training.train_run import result_of

Outcome = TrainResult | GenlabError


@dataclass(frozen=True)
class _Opened:
    """A run that takes part: its number among those asked for, and where it goes on from."""

    number: int
    found: Identified
    choices: ExecutionChoices
    checkpoint: Checkpoint | None

    @property
    def step(self) -> int:
        return self.checkpoint.step if self.checkpoint else 0


def train_together(
    configs: Sequence[TrainConfig], *, runs: Path, data_dir: Path, progress: Progress, lanes: int = 1
) -> dict[int, Outcome]:
    """Train runs of one `group_key` side by side; each ends as the ordinary run directory that it is on its own.

    Results equal those of runs on their own up to the rounding of float32, which training can magnify. A run that is
    finished already counts as done. One that another process is at work on, or that stopped at another place in its
    epoch or on another device than the first, is left out: its number is not among the outcomes.

    Args:
        lanes: in how many stacks, each in a thread of its own; does not change results.

    Returns:
        By the number of each config: its result, or why it failed (it diverged, or its files are damaged).

    Raises:
        PreemptedError, InterruptedByUserError: stopped by a signal or the time budget, all saved, resumable.
        DataMissingError, ConfigError: before anything is changed.
        Exception: something befell the whole group; each run is then as after a kill, and goes on from its checkpoint.
    """
    outcomes: dict[int, Outcome] = {}
    with contextlib.ExitStack() as locks:
        opened = list(_open(configs, outcomes, locks, runs=runs, data_dir=data_dir, progress=progress))
        steps = _steps(opened, configs, data_dir)
        fitting = [
            one
            for one in opened
            if one.step % steps == opened[0].step % steps and _same_place(one.choices, opened[0].choices)
        ]
        if len(fitting) > 1:
            _train(fitting, outcomes, data_dir=data_dir, progress=progress, lanes=lanes)
    return outcomes


def _open(
    configs: Sequence[TrainConfig],
    outcomes: dict[int, Outcome],
    locks: contextlib.ExitStack,
    *,
    runs: Path,
    data_dir: Path,
    progress: Progress,
) -> Iterator[_Opened]:
    """The runs that are neither done nor locked nor damaged, now locked."""
    for number, config in enumerate(configs):
        found = identified(config, runs=runs, data_dir=data_dir)
        try:
            locks.enter_context(locked(runs, found.run.run_id))
        except LockedError:
            continue
        found = identified(config, runs=runs, data_dir=data_dir)
        try:
            if result := found.finished():
                outcomes[number] = result
                continue
            checkpoint = load_checkpoint(found.run) if found.resumes() else None
            stored = read_provenance(found.run).get("execution") if checkpoint else None
            choices = execution_choices(config.execution, stored, allow_device_change=False, say=progress.say)
        except GenlabError as error:
            outcomes[number] = error
            continue
        yield _Opened(number, found, choices, checkpoint)


def _steps(opened: Sequence[_Opened], configs: Sequence[TrainConfig], data_dir: Path) -> int:
    """Steps an epoch; looked up only where a run goes on, since it takes the images' number."""
    if all(one.step == 0 for one in opened):
        return 1
    config = configs[0]
    dataset = build_stacked_dataset([config.data], [config.seed], data_dir=data_dir)
    return len(batch_bounds(dataset.rows.shape[1], config.training.batch_size))


def _same_place(choices: ExecutionChoices, others: ExecutionChoices) -> bool:
    return (choices.device, choices.evaluation_batch) == (others.device, others.evaluation_batch)


def _train(
    opened: Sequence[_Opened],
    outcomes: dict[int, Outcome],
    *,
    data_dir: Path,
    progress: Progress,
    lanes: int,
) -> None:
    configs = [one.found.config for one in opened]
    first = configs[0]
    device = torch.device(opened[0].choices.device)
    data = build_stacked_dataset([c.data for c in configs], [c.seed for c in configs], data_dir=data_dir).to(device)
    # Lanes are the threads of nets together; one that goes on alone later is as small and takes one.
    choices = ExecutionChoices(**opened[0].choices.as_dict() | {"threads": opened[0].choices.threads or 1})
    torch.set_num_threads(1)
    models = _models(configs, data)
    nets, batches = stacked(models, configs, data, evaluation_batch=choices.evaluation_batch, lanes=lanes)
    recorders: list[Recorder] = []
    for index, one in enumerate(opened):
        if one.checkpoint:
            nets.load(index, one.checkpoint.weights, one.checkpoint.optimiser_state)
            recorders.append(one.found.go_on(one.step))
        else:
            recorders.append(one.found.begin(nets.weights(index)))
    members = [one.found.member(recorder, one.step) for one, recorder in zip(opened, recorders, strict=True)]
    for one, recorder in zip(opened, recorders, strict=True):
        record_start(one.found.run, seed=one.found.config.seed, execution=choices.as_dict(), together=len(opened))
        recorder.write("running")
    steps = len(batch_bounds(len(batches), first.training.batch_size))
    label = f"{len(opened)} nets together"
    progress.start(label, members[0].step, steps, steps * max(member.epochs for member in members))
    every = first.execution.checkpoint_every
    try:
        with stop_requests(first.execution.time_budget) as request, arithmetic(first.training.precision):
            train(
                nets,
                members,
                batches,
                batch_size=first.training.batch_size,
                clock=CheckpointClock(every.epochs, every.seconds),
                request=request,
                progress=progress,
            )
        for member in _stopped(members):
            assert member.ending is not None
            member.recorder.write("interrupted" if request.by_user else "preempted", member.ending.reason)
    except BaseException as error:
        for member in members:
            if member.ending is None or member.ending.kind == "stopped":
                interrupted = isinstance(error, KeyboardInterrupt)
                member.recorder.write_if_possible("interrupted" if interrupted else "failed", error)
        raise
    finally:
        nets.close()
        progress.stop()
    for one, member in zip(opened, members, strict=True):
        assert member.ending is not None
        try:
            outcomes[one.number] = result_of(one.found.run, member.ending, by_user=request.by_user)
        except (PreemptedError, InterruptedByUserError):
            continue
        except GenlabError as error:
            outcomes[one.number] = error
    if stopped := _stopped(members):
        kind = InterruptedByUserError if request.by_user else PreemptedError
        raise kind(f"{len(stopped)} runs stopped ({request.reason}) and saved; each goes on when it is started again")


def _stopped(members: Sequence[Member]) -> list[Member]:
    return [member for member in members if member.ending is not None and member.ending.kind == "stopped"]


def _models(configs: Sequence[TrainConfig], data: StackedDataset) -> list[nn.Module]:
    """Each net as it begins."""
    shape, classes, device = data.pool.input_shape, data.pool.classes, data.rows.device
    return [
        build_model(config.model, shape, classes, generator=generator_for(config.seed, "init"))
        .to(device)
        .to(memory_format=torch.channels_last)
        for config in configs
    ]
