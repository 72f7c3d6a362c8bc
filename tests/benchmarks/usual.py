"""The usual script: torchvision data set, transforms of single images, DataLoader, a loss looked at in each step."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import BaseModel
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision import transforms

from genlab.data.dataset import Dataset
from genlab.models.catalogue import build_model
from genlab.models.flops import training_flops
from genlab.randomness import generator_for
from tests.benchmarks.images import CROP_PADDING, Images

WORKERS = 2
LEARNING_RATE, MOMENTUM = 0.01, 0.9


class UsualTraining:
    """Some steps of the usual training at a time.

    The workers of the loader live for an epoch and prepare batches ahead, as in a script. That they are started, each
    epoch, is not timed, which favours this side.

    Args:
        model: the model section of a config; the net is the one that genlab trains, in NCHW.
        steps: of a round.
    """

    def __init__(self, images: Images, model: BaseModel, batch_size: int, steps: int):
        dataset = images.dataset()
        generator = generator_for(0, "init")
        self.model = build_model(model, dataset.input_shape, dataset.classes, generator=generator).train()
        flops = training_flops(self.model, dataset.input_shape)
        self.facts: dict[str, Any] = {"precision": "float32", "flops": flops, "threads": torch.get_num_threads()}
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
        self.loader = usual_loader(images, dataset, batch_size, WORKERS)
        self.iterator: Iterator[tuple[Tensor, Tensor]] = iter(())
        self.steps, self.left = steps, 0
        self.running_loss = 0.0

    def settle(self) -> None:
        """Begin an epoch where the present one has too few batches left, and get into step with the workers."""
        settling = settling_steps(self.steps)
        if self.left < settling + self.steps:
            self.iterator = iter(self.loader)
            self.left = len(self.loader) - 1  # the last one may be smaller
        assert self.left >= settling + self.steps, "too few images for a round"
        self._train(settling)

    def work(self) -> None:
        """A round."""
        self._train(self.steps)

    def _train(self, steps: int) -> None:
        for _ in range(steps):
            images, labels = next(self.iterator)
            self.optimiser.zero_grad()
            loss = F.cross_entropy(self.model(images), labels)
            loss.backward()
            self.optimiser.step()
            self.running_loss += loss.item()
        self.left -= steps


def settling_steps(steps: int) -> int:
    """Steps before a round that are not timed."""
    return max(1, steps // 8)


def usual_loader(images: Images, dataset: Dataset, batch_size: int, workers: int) -> DataLoader:
    """A shuffling DataLoader on the torchvision data set, with crop and flip where genlab's data set has them."""
    chain: list[Any] = []
    if dataset.random_crop:
        chain.append(transforms.RandomCrop(dataset.input_size, padding=CROP_PADDING))
    if dataset.flip:
        chain.append(transforms.RandomHorizontalFlip())
    assert dataset.normalisation.mean is not None
    assert dataset.normalisation.std is not None
    mean, std = dataset.normalisation.mean.tolist(), dataset.normalisation.std.tolist()
    chain += [transforms.ToTensor(), transforms.Normalize(mean, std)]
    stored = images.torchvision(transforms.Compose(chain))
    return DataLoader(stored, batch_size=batch_size, shuffle=True, num_workers=workers)
