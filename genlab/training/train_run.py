"""From a config to a finished run directory: build, resume, train, keep."""

import functools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from genlab.config.identity import canonical, run_id
from genlab.config.load import to_yaml
from genlab.config.schema import TrainConfig
from genlab.data.batches import TrainBatches, batch_bounds, evaluation_batches
from genlab.data.catalogue import build_dataset, data_fingerprint
from genlab.data.dataset import Dataset
from genlab.errors import ConfigError, GenlabError, InterruptedByUserError, PreemptedError
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.rundir.atomic import remove_leftovers, write_text
from genlab.rundir.checkpoints import save_tensors
from genlab.rundir.find import directory_of
from genlab.rundir.history import REMEDY as HISTORY_REMEDY
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.provenance import now, read_provenance, record_start, record_stop
from genlab.rundir.status import State, dotted, read_status, write_status
from genlab.training.devices import arithmetic
from genlab.training.evaluate import Evaluation, evaluate
from genlab.training.execution import ExecutionChoices, execution_choices, measured_threads
from genlab.training.interruption import stop_requests
from genlab.training.loop import Ending, train
from genlab.training.net import Net, single_net
from genlab.training.optimisers import build_optimiser
from genlab.training.progress import Progress
from genlab.training.recorder import Recorder
from genlab.training.resume import load_checkpoint, save_checkpoint
from genlab.training.schedules import build_schedule
from genlab.training.stopping import StopRule


@dataclass(frozen=True)
class TrainResult:
    """A run that has reached its end.

    Attributes:
        run: its directory.
        status: the content of its status.json.
        already: whether it had been finished before, so that nothing was done.
    """

    run: RunDirectory
    status: dict[str, Any]
    already: bool = False


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
    identity = canonical(config, fingerprint := data_fingerprint(config.data, data_dir))
    run = directory_of(runs, config.name, run_id(config, fingerprint))
    with locked(runs, run.run_id):
        run = directory_of(runs, config.name, run.run_id)
        if run.status.exists() and not force:
            status = read_status(run)
            if status["status"] == "finished":
                return TrainResult(run, status, already=True)
            if status.get("diverged"):
                raise GenlabError(f"{run.path}: {status['reason']}; it would again, so change the config (or --force)")
        dataset = build_dataset(config.data, seed=config.seed, data_dir=data_dir)
        model = build_model(
            config.model, dataset.input_shape, dataset.classes, generator=generator_for(config.seed, "init")
        )
        return _train_locked(
            config,
            run,
            dataset,
            model,
            dotted(identity),
            progress=progress,
            force=force,
            allow_device_change=allow_device_change,
        )


def _train_locked(
    config: TrainConfig,
    run: RunDirectory,
    dataset: Dataset,
    model: nn.Module,
    short: dict[str, Any],
    *,
    progress: Progress,
    force: bool,
    allow_device_change: bool,
) -> TrainResult:
    remove_leftovers(run.path)
    remove_leftovers(run.checkpoint.parent)
    # A checkpoint without a config is what is left of a run that was removed while it ran.
    resuming = not force and run.checkpoint.exists() and run.config.exists()
    stored = read_provenance(run).get("execution") if resuming else None
    if resuming and stored is None:
        progress.say(f"{run.provenance}: is missing, so device and threads are this config's, not the first start's")
    choices = execution_choices(config.execution, stored, allow_device_change=allow_device_change, say=progress.say)
    device = torch.device(choices.device)
    if config.training.precision == "tf32" and device.type != "cuda":
        raise ConfigError.at("training.precision", f"tf32 is of NVIDIA GPUs and this run is on {device}; use float32")
    model = model.to(device).to(memory_format=torch.channels_last)
    batches = TrainBatches(dataset := dataset.to(device))
    bfloat16 = config.training.precision == "bfloat16"
    optimiser_arguments = config.training.optimiser.model_dump()
    if choices.threads is None:
        threads = measured_threads(
            model, batches, config.training.batch_size, optimiser=optimiser_arguments, bfloat16=bfloat16
        )
        choices = ExecutionChoices(**choices.as_dict() | {"threads": threads})
    torch.set_num_threads(choices.threads or 1)
    net = single_net(model)
    optimiser = build_optimiser(net.parameters.values(), **optimiser_arguments)
    state = _State(run, short, {"started": now()})
    save = functools.partial(save_checkpoint, run, model, optimiser)
    every = config.execution.checkpoint_every
    recorder = Recorder(run, save, state.record, every_epochs=every.epochs, every_seconds=every.seconds)
    if not resuming:
        # Only now, when nothing can be refused any more, is what was there given up.
        if force and run.path.exists():
            _remove(run.path)
        elif run.checkpoint.exists():
            _remove(run.checkpoint.parent)
        write_text(run.config, to_yaml(config))
        if config.execution.keep == "all":
            save_tensors(run.initial, model.state_dict())
        recorder.history.start()
        recorder.timing.start()
        step = 0
    else:
        step = load_checkpoint(run, model, optimiser)
        recorder.history.cut_back(step)
        recorder.timing.cut_back(step)
        state.final = _numbers(run, recorder.history.last() or {})
    if choices.compile:
        model.compile()
    record_start(run, seed=config.seed, execution=choices.as_dict())
    state.write("running")
    steps = len(batch_bounds(len(batches), config.training.batch_size))
    progress.start(run.name, step, steps, steps * config.training.stop.epochs)
    try:
        with stop_requests(config.execution.time_budget) as request, arithmetic(config.training.precision):
            ending = train(
                net,
                optimiser,
                _schedule(config),
                batches,
                _evaluation(net, dataset, choices.evaluation_batch),
                seed=config.seed,
                batch_size=config.training.batch_size,
                epochs=config.training.stop.epochs,
                evaluate_every=config.training.evaluate_every,
                stop=StopRule(config.training.stop.train_error, config.training.stop.train_loss),
                bfloat16=bfloat16,
                first_step=step,
                recorder=recorder,
                request=request,
                progress=progress,
            )
            if ending.kind == "finished" and config.execution.keep != "none":
                save_tensors(run.final, model.state_dict())
    except BaseException as error:
        state.write_if_possible("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", error)
        raise
    finally:
        progress.stop()
    return _ended(run, state, ending, by_user=request.by_user)


def _ended(run: RunDirectory, state: "_State", ending: Ending, *, by_user: bool) -> TrainResult:
    if ending.kind == "stopped":
        state.write("interrupted" if by_user else "preempted", ending.reason)
        remedy = f"`genlab train {run.path}` goes on"
        message = f"{run.path}: stopped at step {ending.step} ({ending.reason}) and saved; {remedy}"
        raise (InterruptedByUserError if by_user else PreemptedError)(message)
    if ending.kind == "diverged":
        state.more["diverged"] = True
        state.write("failed", ending.reason)
        remedy = "training.optimiser.learning_rate" if ending.step else "model.init_scale"
        raise GenlabError(f"{run.path}: {ending.reason}; its history is kept; lower {remedy}")
    status = state.write("finished", ending.reason)
    shutil.rmtree(run.checkpoint.parent, ignore_errors=True)
    return TrainResult(run, status)


class _State:
    """The status of the run at hand, kept in step with its file."""

    def __init__(self, run: RunDirectory, short: dict[str, Any], more: dict[str, Any]):
        self.run, self.short, self.more = run, short, more
        self.final: dict[str, Any] = {}
        self.state: State = "running"

    def record(self, row: dict[str, Any]) -> None:
        self.final = {key: value for key, value in row.items() if value is not None}

    def write(self, state: State, reason: str = "") -> dict[str, Any]:
        if state != "running":
            record_stop(self.run, f"{state}: {reason}" if reason else state)
            self.more["stopped"] = now()
        write_status(self.run, state, reason=reason, config=self.short, final=self.final, **self.more)
        return read_status(self.run)

    def write_if_possible(self, state: State, error: BaseException) -> None:
        """After a failure the disk may be full, and its first error is the one to tell."""
        try:
            self.write(state, (str(error).splitlines() or [""])[0] or type(error).__name__)
        except GenlabError:
            return


def _numbers(run: RunDirectory, row: dict[str, str]) -> dict[str, float]:
    try:
        return {key: int(value) if value.isdecimal() else float(value) for key, value in row.items() if value}
    except ValueError as error:
        raise GenlabError(f"{run.history}: damaged: {error} in its last row; {HISTORY_REMEDY}") from None


def _schedule(config: TrainConfig) -> Callable[[float], float]:
    settings = config.training.schedule.model_dump()
    if settings["name"] == "cosine" and settings["epochs"] is None:
        settings["epochs"] = config.training.stop.epochs
    name = settings.pop("name")
    return build_schedule(name, config.training.optimiser.learning_rate, **settings)


def _evaluation(net: Net, dataset: Dataset, batch: int) -> Callable[[], tuple[Evaluation, Evaluation]]:
    """Evaluation on the training set, its corrupted part apart where some labels are corrupted, and the test set."""
    corrupted = dataset.corrupted if bool(dataset.corrupted.any()) else None

    def both() -> tuple[Evaluation, Evaluation]:
        train_batches = evaluation_batches(
            dataset.train_images, dataset.train_labels, dataset.normalisation, dataset.input_size, batch
        )
        test_batches = evaluation_batches(
            dataset.test_images, dataset.test_labels, dataset.normalisation, dataset.input_size, batch
        )
        with arithmetic("float32"):
            return evaluate(net, train_batches, corrupted), evaluate(net, test_batches)

    return both


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise GenlabError(f"{path}: cannot be removed: {error.strerror}") from error
