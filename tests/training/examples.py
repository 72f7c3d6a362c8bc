"""Small runs for the tests of training, and ways to disturb them."""

import copy
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genlab.config.schema import TrainConfig
from genlab.data.dataset import Dataset
from genlab.data.normalisation import normalisation_of
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.layout import RunDirectory
from genlab.training.evaluate import Evaluation
from genlab.training.progress import Progress, Silent
from genlab.training.progress_line import Losses
from genlab.training.train_run import TrainResult, train_run

SMALL: dict[str, Any] = {
    "name": "small",
    "data": {"name": "digits", "train_size": 60},
    "model": {"name": "mlp", "widths": [8]},
    "training": {
        "optimiser": {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        "batch_size": 16,
        "stop": {"epochs": 4},
    },
    "execution": {"device": "cpu", "threads": 1},
}
STEPS_AN_EPOCH = 4  # of the small runs: 60 images by 16
VGG = {"name": "vgg", "width_multiplier": 0.05}
FOR_VGG = {"name": "digits", "resize": 32, "train_size": 60}


def small_config(changes: dict[str, Any] | None = None, **keys: Any) -> TrainConfig:
    """The small run with changes, given as dotted keys: {"training.stop.epochs": 2}; keyword arguments are top keys."""
    values = copy.deepcopy(SMALL)
    for dotted, value in ((changes or {}) | keys).items():
        *path, last = dotted.split(".")
        section = values
        for key in path:
            section = section.setdefault(key, {})
        section[last] = value
    return TrainConfig.model_validate(values)


def trained(config: TrainConfig, runs: Path, progress: Progress | None = None, **options: Any) -> TrainResult:
    return train_run(config, runs=runs, data_dir=runs / "no data", progress=progress or Silent(), **options)


class AtStep(Silent):
    """Does something when a step is done, just before the run is asked whether to stop there."""

    def __init__(self, step: int, action: Any):
        self._step, self._action = step, action

    def step(self, step: int, images: int, losses: Losses) -> None:
        if step == self._step:
            self._action()


class Lines(Silent):
    """Keeps what is said, and the evaluations."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.evaluations: list[tuple[int, Sequence[Evaluation], Sequence[Evaluation]]] = []

    def evaluated(self, epoch: int, on_train: Sequence[Evaluation], on_test: Sequence[Evaluation]) -> None:
        self.evaluations.append((epoch, on_train, on_test))

    def say(self, text: str) -> None:
        self.said.append(text)


class CrashError(BaseException):
    """What no part of genlab expects."""


def crash() -> None:
    raise CrashError("crash")


def signalled(number: int = signal.SIGTERM) -> None:
    """Sends a signal to this process, unless nobody would catch it and it would end the tests."""
    assert callable(signal.getsignal(number)), "the run does not handle the signal"
    os.kill(os.getpid(), number)


def stop_at(step: int, number: int = signal.SIGTERM) -> AtStep:
    return AtStep(step, lambda: signalled(number))


def same_bits(found: RunDirectory, expected: RunDirectory) -> bool:
    """Whether two finished runs have the same history and final weights, byte for byte."""
    load_tensors(found.final, "")
    return all(
        getattr(found, name).read_bytes() == getattr(expected, name).read_bytes() for name in ("history", "final")
    )


def equal_bits(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()


def coloured(count: int = 12, size: int = 4, classes: int = 3, seed: int = 0) -> Dataset:
    """Random images with random labels, every third of them not the true one."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, size, size, 3), dtype=torch.uint8, generator=generator)
    labels = torch.randint(classes, (count,), generator=generator)
    return Dataset(
        train_images=images,
        train_labels=(labels + (torch.arange(count) % 3 == 0)) % classes,
        true_labels=labels,
        test_images=images.flip(0).contiguous(),
        test_labels=labels.flip(0),
        class_names=tuple("abcdefghij"[:classes]),
        input_shape=(3, size, size),
        normalisation=normalisation_of("dataset", images),
    )


def net_of(config: TrainConfig, dataset: Dataset, seed: int = 0) -> torch.nn.Module:
    return build_model(config.model, dataset.input_shape, dataset.classes, generator=generator_for(seed, "init"))
