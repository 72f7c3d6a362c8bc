"""From a config to a finished run directory: build, resume, train, keep."""

from pathlib import Path

import torch
from torch import nn

from genlab.config.schema import TrainConfig
from genlab.data.batches import TrainBatches, batch_bounds
from genlab.data.build import build_dataset
from genlab.data.dataset import Dataset
from genlab.errors import GenlabError, InterruptedByUserError, PreemptedError
from genlab.hardware.devices import arithmetic, require_precision
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.rundir.checkpoints import load_into
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.provenance import read_provenance, record_start
from genlab.rundir.status import read_status
from genlab.training.execution import ExecutionChoices, compile_net, execution_choices, measured_threads
from genlab.training.interruption import stop_requests
from genlab.training.last_batch import small_last_batch
from genlab.training.loop import train
from genlab.training.optimisers import build_optimiser, load_state_tensors
from genlab.training.progress import Progress
from genlab.training.recorder import CheckpointClock
from genlab.training.resume import load_checkpoint
from genlab.training.run_start import Identified, TrainResult, identified
from genlab.training.single import SingleBatches, SingleNet
from genlab.training.stopping import Ending

__all__ = ["TrainResult", "train_run"]


def train_run(
    config: TrainConfig,
    *,
    runs: Path,
    data_dir: Path,
    progress: Progress,
    force: bool = False,
    allow_device_change: bool = False,
) -> TrainResult:
    """Train the run of a config, or the rest of it, or nothing if it is finished.

    Args:
        runs: directory of all runs.
        data_dir: directory of all data sets.
        force: start afresh, whatever there is.
        allow_device_change: resume on another kind of device, which changes last bits.

    Raises:
        LockedError, DataMissingError, ConfigError: before anything is changed.
        PreemptedError, InterruptedByUserError: stopped by a signal or the time budget, saved, resumable.
        GenlabError: the run diverged, or a file could not be written or read.
    """
    found = identified(config, runs=runs, data_dir=data_dir)
    with locked(runs, found.run.run_id):
        found = identified(config, runs=runs, data_dir=data_dir)
        if not force and (result := found.finished()):
            if result.lacks:
                progress.say(result.lacks)
            return result
        dataset = build_dataset(config.data, seed=config.seed, data_dir=data_dir)
        model = build_model(
            config.model, dataset.input_shape, dataset.classes, generator=generator_for(config.seed, "init")
        )
        return _train_locked(
            found, dataset, model, progress=progress, force=force, allow_device_change=allow_device_change
        )


def _train_locked(
    found: Identified,
    dataset: Dataset,
    model: nn.Module,
    *,
    progress: Progress,
    force: bool,
    allow_device_change: bool,
) -> TrainResult:
    config, run = found.config, found.run
    resuming = found.resumes() and not force
    stored = read_provenance(run).get("execution") if resuming else None
    if resuming and stored is None:
        progress.say(f"{run.provenance}: is missing, so device and threads are this config's, not the first start's")
    choices = execution_choices(config.execution, stored, allow_device_change=allow_device_change, say=progress.say)
    device = torch.device(choices.device)
    require_precision(config.training.precision, device)
    model = model.to(device).to(memory_format=torch.channels_last)
    batches = TrainBatches(dataset := dataset.to(device))
    batch_size, bfloat16 = config.training.batch_size, config.training.precision == "bfloat16"
    optimiser_arguments = config.training.optimiser.model_dump()
    if choices.threads is None:
        threads, _ = measured_threads(model, batches, batch_size, optimiser=optimiser_arguments, bfloat16=bfloat16)
        choices = ExecutionChoices(**choices.as_dict() | {"threads": threads})
    torch.set_num_threads(choices.threads or 1)
    optimiser = build_optimiser(model.parameters(), **optimiser_arguments)
    net = SingleNet(model, optimiser, dataset, evaluation_batch=choices.evaluation_batch, bfloat16=bfloat16)
    step = 0
    if resuming:
        checkpoint = load_checkpoint(run)
        load_into(model, checkpoint.weights, run.checkpoint)
        load_state_tensors(optimiser, checkpoint.optimiser_state)
        step = checkpoint.step
        recorder = found.go_on(step)
    else:
        # Only now, when nothing can be refused any more, is what was there given up.
        recorder = found.begin(model.state_dict(), afresh=force)
    compile_net(model, choices.compile)
    record_start(run, seed=config.seed, execution=choices.as_dict())
    recorder.write("running")
    member = found.member(recorder, step)
    steps = len(batch_bounds(len(batches), batch_size))
    for warning in (found.lacks(step // steps), small_last_batch(model, len(batches), batch_size)):
        if warning:
            progress.say(warning)
    progress.start(run.name, step, steps, steps * member.epochs)
    every = config.execution.checkpoint_every
    try:
        with stop_requests(config.execution.time_budget) as request, arithmetic(config.training.precision):
            train(
                net,
                [member],
                SingleBatches(batches),
                batch_size=batch_size,
                clock=CheckpointClock(every.epochs, every.seconds),
                request=request,
                progress=progress,
            )
        assert member.ending is not None
        if member.ending.kind == "stopped":
            recorder.write("interrupted" if request.by_user else "preempted", member.ending.reason)
    except BaseException as error:
        recorder.write_if_possible("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", error)
        raise
    finally:
        progress.stop()
    return result_of(run, member.ending, by_user=request.by_user)


def result_of(run: RunDirectory, ending: Ending, *, by_user: bool) -> TrainResult:
    """The result of a run whose status has been written.

    Raises:
        PreemptedError, InterruptedByUserError: it was stopped.
        GenlabError: it diverged, or its files could not be written.
    """
    if ending.kind == "stopped":
        remedy = f"`genlab train {run.path}` goes on"
        message = f"{run.path}: stopped at step {ending.step} ({ending.reason}) and saved; {remedy}"
        raise (InterruptedByUserError if by_user else PreemptedError)(message)
    if ending.kind == "failed":
        raise GenlabError(ending.reason)
    if ending.kind == "diverged":
        remedy = "training.optimiser.learning_rate" if ending.step else "model.init_scale"
        raise GenlabError(f"{run.path}: {ending.reason}; its history is kept; lower {remedy}")
    return TrainResult(run, read_status(run))
