"""Gradient descent: what the training loop is given from a config, for one net."""

from dataclasses import replace

from torch import nn

from genlab.config.schema.training.gradient import GradientConfig
from genlab.data.batches import FLOAT_COPY_BYTES, TrainBatches, batch_bounds
from genlab.data.dataset import Dataset
from genlab.hardware.devices import arithmetic, require_precision
from genlab.training.execution import compile_net, measured_threads
from genlab.training.last_batch import small_last_batch
from genlab.training.loop import Member, train
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.optimisers.state import load_state_tensors
from genlab.training.procedures.task import Task
from genlab.training.recorder import Recorder
from genlab.training.schedules import Schedule, build_schedule
from genlab.training.single import SingleBatches, SingleNet
from genlab.training.stopping import Ending, StopRule


def gradient(settings: GradientConfig, task: Task) -> Ending:
    """Gradient descent on the mean cross-entropy, in batches, until the last epoch or a threshold."""
    model, recorder, progress = task.model, task.recorder, task.progress
    batches = TrainBatches(task.dataset)
    optimiser = build_optimiser(model.parameters(), **settings.optimiser.model_dump())
    if task.checkpoint:
        load_state_tensors(optimiser, task.checkpoint.optimiser_state)
    net = SingleNet(
        model,
        optimiser,
        task.dataset,
        evaluation_batch=task.choices.evaluation_batch,
        bfloat16=settings.precision == "bfloat16",
    )
    compile_net(model, task.choices.compile)
    member = member_of(settings, task.seed, recorder, task.checkpoint.step if task.checkpoint else 0)
    if warning := small_last_batch(model, len(batches), settings.batch_size):
        progress.say(warning)
    steps = len(batch_bounds(len(batches), settings.batch_size))
    progress.start(recorder.run.name, member.step, steps, steps * member.epochs, ends_early=member.stop.can_end)
    with arithmetic(settings.precision):
        train(
            net,
            [member],
            SingleBatches(batches),
            batch_size=settings.batch_size,
            clock=task.clock,
            request=task.request,
            progress=progress,
        )
    assert member.ending is not None
    return member.ending


def require_gradient(settings: GradientConfig, dataset: Dataset, model: nn.Module) -> None:
    """Refuse a precision that the device does not have.

    Raises:
        ConfigError: it has not.
    """
    require_precision(settings.precision, dataset.train_images.device)


def fastest_threads(settings: GradientConfig, dataset: Dataset, model: nn.Module) -> int:
    """The number of CPU threads on which a step is fastest, measured on a copy of the net."""
    # A batch over and over is as fast where there are no other images, and then floats of all need not be made here.
    first = slice(settings.batch_size)
    few = replace(
        dataset,
        train_images=dataset.train_images[first],
        train_labels=dataset.train_labels[first],
        true_labels=dataset.true_labels[first],
    )
    optimiser, bfloat16 = settings.optimiser.model_dump(), settings.precision == "bfloat16"
    part = len(few.train_images) / len(dataset.train_images)
    batches = TrainBatches(few, float_copy_bytes=int(part * FLOAT_COPY_BYTES))
    return measured_threads(model, batches, settings.batch_size, optimiser=optimiser, bfloat16=bfloat16)[0]


def member_of(settings: GradientConfig, seed: int, recorder: Recorder, step: int) -> Member:
    """A run's part in a training loop, from a step on."""
    stop = settings.stop
    rule = StopRule(stop.train_error, stop.train_loss)
    return Member(seed, schedule_of(settings), stop.epochs, settings.evaluate_every, rule, recorder, step)


def schedule_of(settings: GradientConfig) -> Schedule:
    """The learning rate as a function of the epochs done."""
    arguments = settings.schedule.model_dump()
    if arguments["name"] == "cosine" and arguments["epochs"] is None:
        arguments["epochs"] = settings.stop.epochs
    return build_schedule(arguments.pop("name"), settings.optimiser.learning_rate, **arguments)
