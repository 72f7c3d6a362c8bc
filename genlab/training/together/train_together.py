"""Many runs at once: nets of one shape trained side by side, each in a run directory of its own."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from genlab.config.schema import TrainConfig
from genlab.data.batches import batch_bounds
from genlab.data.stacked import StackedDataset, build_stacked_dataset
from genlab.errors import GenlabError, InterruptedByUserError, LockedError, PreemptedError
from genlab.hardware.devices import arithmetic, require_precision
from genlab.models.seeded import seeded_net
from genlab.rundir.label_counts import record_label_counts
from genlab.rundir.locks import locked
from genlab.rundir.provenance import read_provenance, record_labels, record_start
from genlab.training.execution import ExecutionChoices, execution_choices
from genlab.training.interruption import StopRequest, stop_requests
from genlab.training.last_batch import small_last_batch
from genlab.training.loop import Member, train
from genlab.training.procedures.gradient import member_of
from genlab.training.progress import Progress
from genlab.training.recorder import CheckpointClock
from genlab.training.resume import Checkpoint, load_checkpoint
from genlab.training.run_start import Identified, TrainResult, identified
from genlab.training.together.grouping import group_key
from genlab.training.together.lanes import LaneBatches, LaneNets
from genlab.training.together.stack import group_step, stacked
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
        lanes: in how many stacks, each in a thread of its own; changes results by the rounding of float32 at most.

    Returns:
        By the number of each config: its result, or why it failed (it diverged, or its files are damaged or cannot be
        written).

    Raises:
        PreemptedError, InterruptedByUserError: stopped by a signal or the time budget, all saved, resumable.
        DataMissingError, ConfigError: before anything is changed.
        ValueError: the same, where they are not of one `group_key`.
        Exception: something befell the whole group, such as too little memory; each run is then as after an
            interruption, and goes on from its checkpoint.
    """
    if len({group_key(config) for config in configs}) > 1:
        raise ValueError("runs that train together must agree in what the schema does not leave free")
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
                if result.lacks:
                    progress.say(result.lacks)
                outcomes[number] = result
                continue
            checkpoint = load_checkpoint(found.run) if found.resumes() else None
            stored = read_provenance(found.run).get("execution") if checkpoint else None
            choices = execution_choices(config.execution, stored, allow_device_change=False, say=progress.say)
            require_precision(config.gradient.precision, torch.device(choices.device))
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
    return len(batch_bounds(dataset.rows.shape[1], config.gradient.batch_size))


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
    # Beforehand, so that a run says in whose group it was also where that takes more memory than there is.
    opened = [one for one in opened if _recorded(one, len(opened), outcomes)]
    if not opened:
        return
    configs = [one.found.config for one in opened]
    first = configs[0]
    device = torch.device(opened[0].choices.device)
    data = build_stacked_dataset([c.data for c in configs], [c.seed for c in configs], data_dir=data_dir).to(device)
    torch.set_num_threads(1)
    models = _models(configs, data)
    if warning := small_last_batch(models[0], data.rows.shape[1], first.gradient.batch_size):
        progress.say(warning)
    steps = [group_step(config, opened[0].choices.evaluation_batch) for config in configs]
    nets, batches = stacked(models, steps, data, lanes=lanes)
    members: dict[int, Member] = {}
    try:
        members = _begun(opened, nets, data, outcomes)
        if len(members) < len(opened):
            nets.keep(list(members))
            batches.keep(list(members))
        an_epoch = len(batch_bounds(len(batches), first.gradient.batch_size))
        for place, member in members.items():
            if lacks := opened[place].found.lacks(member.step // an_epoch):
                progress.say(lacks)
        if members:
            with stop_requests(first.execution.time_budget) as request, arithmetic(first.gradient.precision):
                _loop(nets, list(members.values()), batches, first, request=request, progress=progress)
            for member in _stopped(members.values()):
                assert member.ending is not None
                member.recorder.write("interrupted" if request.by_user else "preempted", member.ending.reason)
    except BaseException as error:
        for member in members.values():
            if member.ending is None or member.ending.kind == "stopped":
                member.recorder.write_if_possible("interrupted", error)
        raise
    finally:
        nets.close()
        progress.stop()
    for place, member in members.items():
        one = opened[place]
        assert member.ending is not None
        try:
            outcomes[one.number] = result_of(one.found.run, member.ending, by_user=request.by_user)
        except (PreemptedError, InterruptedByUserError):
            continue
        except GenlabError as error:
            outcomes[one.number] = error
    if stopped := _stopped(members.values()):
        kind = InterruptedByUserError if request.by_user else PreemptedError
        raise kind(f"{len(stopped)} runs stopped ({request.reason}) and saved; each goes on when it is started again")


def _recorded(one: _Opened, together: int, outcomes: dict[int, Outcome]) -> bool:
    """Add the attempt to a run's provenance, with the choices of its first start, in a group or on its own.

    Lanes are the threads of nets together; one that goes on alone later is as small and takes one.
    """
    execution = one.choices.as_dict() | {"threads": one.choices.threads or 1}
    try:
        record_start(one.found.run, seed=one.found.config.seed, execution=execution, together=together)
    except GenlabError as error:
        outcomes[one.number] = error
        return False
    return True


def _begun(
    opened: Sequence[_Opened], nets: LaneNets, data: StackedDataset, outcomes: dict[int, Outcome]
) -> dict[int, Member]:
    """The part of each run in the loop by its place among the nets, less those whose files cannot be written."""
    members: dict[int, Member] = {}
    changed = (data.labels != data.true_labels).sum(1).tolist()
    for place, one in enumerate(opened):
        try:
            if one.checkpoint:
                nets.load(place, one.checkpoint.weights, one.checkpoint.optimiser_state)
                recorder = one.found.go_on(one.step)
            else:
                recorder = one.found.begin(nets.weights(place))
            record_labels(one.found.run, images=data.labels.shape[1], changed=changed[place])
            record_label_counts(one.found.run, data.labels[place], data.true_labels[place], data.pool.class_names)
            recorder.write("running")
        except GenlabError as error:
            outcomes[one.number] = error
            continue
        members[place] = member_of(one.found.config.gradient, one.found.config.seed, recorder, one.step)
    return members


def _loop(
    nets: LaneNets,
    members: Sequence[Member],
    batches: LaneBatches,
    config: TrainConfig,
    *,
    request: StopRequest,
    progress: Progress,
) -> None:
    """The training loop over all members, with what their configs have in common."""
    steps = len(batch_bounds(len(batches), config.gradient.batch_size))
    total = steps * max(member.epochs for member in members)
    ends_early = any(member.stop.can_end for member in members)
    progress.start(f"{len(members)} nets together", members[0].step, steps, total, ends_early=ends_early)
    every = config.execution.checkpoint_every
    train(
        nets,
        members,
        batches,
        batch_size=config.gradient.batch_size,
        clock=CheckpointClock(every.epochs, every.seconds),
        request=request,
        progress=progress,
    )


def _stopped(members: Iterable[Member]) -> list[Member]:
    return [member for member in members if member.ending is not None and member.ending.kind == "stopped"]


def _models(configs: Sequence[TrainConfig], data: StackedDataset) -> list[nn.Module]:
    """Each net as it begins."""
    shape, classes, device = data.pool.input_shape, data.pool.classes, data.rows.device
    return [seeded_net(config.model, shape, classes, seed=config.seed, device=device) for config in configs]
