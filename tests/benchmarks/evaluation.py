"""Evaluation and loading on their own."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
import torch.nn.functional as F

from genlab.config.schema.model import VGGConfig
from genlab.data.batches import TrainBatches, evaluation_batches
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.training.evaluate import evaluate
from genlab.training.execution import EVALUATION_BATCH
from genlab.training.net import single_net
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.images import Images
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.usual import usual_loader

USUAL_EVALUATION_BATCH = 1000
LOADER_BATCH = 128


class UsualEvaluation:
    """Loss and error in batches of 1000 in NCHW, each looked at with `.item()`; the images wait in memory as floats."""

    def __init__(self, images: Images, config: VGGConfig, count: int):
        dataset = images.dataset()
        generator = generator_for(0, "init")
        self.model = build_model(config, dataset.input_shape, dataset.classes, generator=generator).eval()
        self.images = dataset.normalisation(dataset.test_images[:count]).contiguous()
        self.labels = dataset.test_labels[:count]
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    @torch.no_grad()
    def work(self) -> tuple[float, float]:
        """Mean loss and error."""
        loss, wrong = 0.0, 0.0
        batches = zip(self.images.split(USUAL_EVALUATION_BATCH), self.labels.split(USUAL_EVALUATION_BATCH), strict=True)
        for images, labels in batches:
            logits = self.model(images)
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            wrong += (logits.argmax(1) != labels).sum().item()
        return loss / len(self.labels), wrong / len(self.labels)


class GenlabEvaluation:
    """genlab's evaluation, normalisation included."""

    def __init__(self, images: Images, config: VGGConfig, count: int):
        self.dataset = dataset = images.dataset()
        model = build_model(config, dataset.input_shape, dataset.classes, generator=generator_for(0, "init"))
        self.net = single_net(model.to(memory_format=torch.channels_last))
        self.images, self.labels = dataset.test_images[:count], dataset.test_labels[:count]
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> tuple[float, float]:
        """Mean loss and error."""
        batches = evaluation_batches(
            self.images, self.labels, self.dataset.normalisation, self.dataset.input_size, EVALUATION_BATCH["cpu"]
        )
        found = evaluate(self.net, batches)
        return found.loss, found.error


class UsualLoading:
    """Batches from the DataLoader in one process: crop, flip, ToTensor and Normalize of PIL images."""

    def __init__(self, images: Images, batches: int):
        self.loader = usual_loader(images, images.dataset(), LOADER_BATCH, workers=0)
        self.batches = batches
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> None:
        """Load and throw away."""
        for _ in islice(self.loader, self.batches):
            pass


class GenlabLoading:
    """The same batches by selections from one tensor, the draws of the whole epoch included."""

    def __init__(self, images: Images, batches: int):
        self.batches, self.count = TrainBatches(images.dataset()), batches
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> None:
        """Load and throw away."""
        draws = self.batches.draw(
            order_generator=generator_for(0, "batches", 0), augmentation_generator=generator_for(0, "augmentation", 0)
        )
        for start in range(0, self.count * LOADER_BATCH, LOADER_BATCH):
            self.batches.batch(draws, start, start + LOADER_BATCH)


def evaluation_contests(images: Images, sizes: Sizes) -> Iterator[Contest]:
    """Loss and error of a VGG-11 of quarter width."""
    width = sizes.vgg_images[0][0]
    arguments = (images, VGGConfig(name="vgg", width_multiplier=width), sizes.evaluated)
    yield Contest(
        f"evaluate VGG-11 width {width:g}",
        Way("usual", UsualEvaluation, arguments),
        [Way("genlab", GenlabEvaluation, arguments)],
        units=sizes.evaluated,
        compare=lambda usual, other: f"losses differ by {abs(other[0] / usual[0] - 1):.0e} relative",
    )


def loader_contests(images: Images, sizes: Sizes) -> Iterator[Contest]:
    """Batches of random crops and flips."""
    batches = sizes.evaluated // LOADER_BATCH
    yield Contest(
        "load, crop, flip, normalise",
        Way("usual", UsualLoading, (images, batches)),
        [Way("genlab", GenlabLoading, (images, batches))],
        units=batches * LOADER_BATCH,
        batch=LOADER_BATCH,
    )
