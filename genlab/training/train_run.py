"""From a config to a finished run directory: build, resume, make the net by its procedure, keep."""

from dataclasses import replace
from pathlib import Path

import torch

from genlab.config.schema import TrainConfig
from genlab.data.build import build_dataset
from genlab.data.dataset import Dataset
from genlab.errors import GenlabError, InterruptedByUserError, PreemptedError
from genlab.models.seeded import net_of_run
from genlab.rundir.checkpoints import load_into
from genlab.rundir.label_counts import record_label_counts
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.promised import lost_files
from genlab.rundir.provenance import read_provenance, record_labels, record_start
from genlab.rundir.status import read_status
from genlab.training.execution import execution_choices
from genlab.training.interruption import stop_requests
from genlab.training.procedures.catalogue import PROCEDURES
from genlab.training.procedures.task import Task
from genlab.training.progress import Progress
from genlab.training.recorder import CheckpointClock
from genlab.training.resume import load_checkpoint
from genlab.training.run_start import Identified, TrainResult, identified
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
        with progress.doing(f"{config.name}: loading {config.data.name}"):
            dataset = build_dataset(config.data, seed=config.seed, data_dir=data_dir)
        return _train_locked(found, dataset, progress=progress, force=force, allow_device_change=allow_device_change)


def _train_locked(
    found: Identified, dataset: Dataset, *, progress: Progress, force: bool, allow_device_change: bool
) -> TrainResult:
    config, run = found.config, found.run
    procedure = PROCEDURES[config.training.procedure]
    resuming = found.resumes() and not force
    stored = read_provenance(run).get("execution") if resuming else None
    if not force and run.status.exists() and read_status(run)["status"] == "finished":
        progress.say(f"{run.path}: {', '.join(lost_files(run))} of the finished run is gone; it is trained again")
    if resuming and stored is None:
        progress.say(f"{run.provenance}: is missing, so device and threads are this config's, not the first start's")
    choices = execution_choices(config.execution, stored, allow_device_change=allow_device_change, say=progress.say)
    device = torch.device(choices.device)
    model = net_of_run(config.model, dataset, seed=config.seed, device=device)
    dataset = dataset.to(device)
    procedure.require(config.training, dataset, model)
    if choices.threads is None:
        choices = replace(choices, threads=procedure.threads(config.training, dataset, model))
    torch.set_num_threads(choices.threads or 1)
    checkpoint = load_checkpoint(run) if resuming else None
    if checkpoint:
        load_into(model, checkpoint.weights, run.checkpoint)
        recorder = found.go_on(checkpoint.step)
    else:
        # Only now, when nothing can be refused any more, is what was there given up.
        recorder = found.begin(model.state_dict(), afresh=force)
    record_start(run, seed=config.seed, execution=choices.as_dict())
    changed = int((dataset.train_labels != dataset.true_labels).sum())
    record_labels(run, images=len(dataset.train_labels), changed=changed)
    record_label_counts(run, dataset.train_labels, dataset.true_labels, dataset.class_names)
    recorder.write("running")
    reached = int((recorder.timing.last() or {}).get("epoch") or 0)  # which has a row for every epoch
    if lacks := found.lacks(reached):
        progress.say(lacks)
    every = config.execution.checkpoint_every
    clock = CheckpointClock(every.epochs, every.seconds)
    try:
        with stop_requests(config.execution.time_budget) as request:
            task = Task(config.seed, dataset, model, choices, checkpoint, recorder, clock, request, progress)
            ending = procedure.make(config.training, task)
        if ending.kind == "stopped":
            recorder.write("interrupted" if request.by_user else "preempted", ending.reason)
    except BaseException as error:
        recorder.write_if_possible("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", error)
        raise
    finally:
        progress.stop()
    return result_of(run, ending, by_user=request.by_user)


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
