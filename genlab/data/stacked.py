"""The images of many nets that train side by side: one copy of every image, and which of them each net takes."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from genlab.config.groups import image_seed, in_common, seeded
from genlab.config.schema.data import DataConfig
from genlab.data.batches import EpochDraws, TrainBatches
from genlab.data.build import ChosenImages, assembled, choose_images, load_images
from genlab.data.dataset import Dataset

# Up to this size a float copy of all images is faster than converting each batch, since it stays in a CPU's cache.
FLOAT_COPY_BYTES = {"cpu": 2**25, "cuda": 2**30}


@dataclass(frozen=True)
class StackedDataset:
    """Data sets of K nets that have their images in common and may differ in which they take, and in labels.

    Attributes:
        pool: every training image that a net takes, and the test set of all; its own labels say nothing.
        rows: int64 `[K, n]`, the images of each net in the pool.
        labels: int64 `[K, n]`, as trained on.
        true_labels: int64 `[K, n]`.
    """

    pool: Dataset
    rows: torch.Tensor
    labels: torch.Tensor
    true_labels: torch.Tensor

    def to(self, device: torch.device | str) -> "StackedDataset":
        """The same data sets on `device`."""
        return StackedDataset(
            self.pool.to(device), self.rows.to(device), self.labels.to(device), self.true_labels.to(device)
        )

    def keep(self, indices: Sequence[int]) -> "StackedDataset":
        """Those of some of the nets, in this order; the pool stays."""
        chosen = torch.tensor(list(indices), dtype=torch.int64, device=self.rows.device)
        return replace(self, rows=self.rows[chosen], labels=self.labels[chosen], true_labels=self.true_labels[chosen])

    @property
    def corrupted(self) -> torch.Tensor:
        """Which training labels differ from the true ones, or belong to the confusion sets, bool `[K, n]`."""
        if self.pool.confusion:
            count = self.labels.shape[1]
            confused = torch.arange(count, device=self.labels.device) >= count - self.pool.confusion
            return confused.expand(self.labels.shape)
        return self.labels != self.true_labels

    @property
    def in_common(self) -> bool:
        """Whether all nets take the same images."""
        return bool((self.rows == self.rows[:1]).all())


def build_stacked_dataset(configs: Sequence[DataConfig], seeds: Sequence[int], *, data_dir: Path) -> StackedDataset:
    """The data sets of nets whose `data` sections are equal but for what the schema leaves free, on the CPU.

    Each net has the images and labels that `build_dataset` gives it on its own.

    Args:
        configs, seeds: of each net.

    Raises:
        ValueError: the sections differ in more, or the seeds do and decide something in the images of all.
        DataMissingError, ConfigError: as `build_dataset`.
    """
    first = configs[0]
    if any(in_common(config) != in_common(first) for config in configs):
        raise ValueError("nets side by side have the same images, and these data sections differ in more than labels")
    image_seeds = {image_seed(config, seed) for config, seed in zip(configs, seeds, strict=True)}
    if len(image_seeds) > 1:
        decided = ", ".join(f"data.{name}" for name in seeded(first))
        raise ValueError(f"nets side by side have the same images, and with {decided} the seed decides which")
    images = load_images(first, seed=image_seeds.pop(), data_dir=data_dir)
    chosen = [
        choose_images(config, images, seed=seed, data_dir=data_dir) for config, seed in zip(configs, seeds, strict=True)
    ]
    pooled, rows = _pool(chosen, len(images.train_images))
    labels = images.train_labels if pooled is None else images.train_labels[pooled]
    pool = assembled(first, images, ChosenImages(pooled, labels, labels))
    true_labels = torch.stack([c.true_labels for c in chosen])
    return StackedDataset(pool, rows, torch.stack([c.labels for c in chosen]), true_labels)


class StackedBatches:
    """Training batches of K nets, on their data sets' device; the images of all in one selection from the pool.

    Args:
        dataset: of the nets.
        float_copy_bytes: up to which size the normalised pool is kept; by default what was measured to be faster.
    """

    def __init__(self, dataset: StackedDataset, *, float_copy_bytes: int | None = None):
        self._dataset = dataset
        if float_copy_bytes is None:
            float_copy_bytes = FLOAT_COPY_BYTES[dataset.rows.device.type]
        self._batches = TrainBatches(dataset.pool, float_copy_bytes=float_copy_bytes)

    def __len__(self) -> int:
        return self._dataset.rows.shape[1]

    @property
    def nets(self) -> int:
        """How many nets there are."""
        return len(self._dataset.rows)

    def draw(
        self, orders: Sequence[torch.Generator], augmentations: Sequence[torch.Generator]
    ) -> tuple[torch.Tensor, EpochDraws]:
        """The draws of an epoch, each net's those that it has on its own.

        Returns:
            The labels `[K, n]` in the order drawn, and the draws with tensors `[K, n]`, their order one of the pool.
        """
        draws = [
            self._batches.draw(order_generator=order, augmentation_generator=augmentation, count=len(self))
            for order, augmentation in zip(orders, augmentations, strict=True)
        ]
        order = torch.stack([one.order for one in draws])
        stacked = EpochDraws(
            self._dataset.rows.gather(1, order),
            _stacked([one.rows for one in draws]),
            _stacked([one.columns for one in draws]),
            _stacked([one.flips for one in draws]),
            _stacked([one.angles for one in draws]),
        )
        return self._dataset.labels.gather(1, order), stacked

    def batch(self, draws: tuple[torch.Tensor, EpochDraws], start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The images float32 `[K, b, channels, height, width]` and labels int64 `[K, b]` at these positions."""
        labels, epoch = draws
        images = self._batches.images(epoch.part(start, stop))
        return images.unflatten(0, (len(labels), stop - start)), labels[:, start:stop]

    def part(self, indices: Sequence[int]) -> "StackedBatches":
        """The batches of some of the nets, from the same images."""
        some = copy.copy(self)
        some.keep(indices)
        return some

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with these nets, in this order."""
        self._dataset = self._dataset.keep(indices)


def _pool(chosen: Sequence[ChosenImages], count: int) -> tuple[torch.Tensor | None, torch.Tensor]:
    """The images that anyone takes, increasing (None for all), and each net's places among them `[K, n]`."""
    if any(c.rows is None for c in chosen):
        return None, torch.arange(count).expand(len(chosen), -1)
    rows = torch.stack([c.rows for c in chosen if c.rows is not None])
    pooled = torch.zeros(count, dtype=torch.bool)
    pooled[rows.flatten()] = True
    places = pooled.cumsum(0) - 1
    return pooled.nonzero().squeeze(1), places[rows]


def _stacked(tensors: Sequence[torch.Tensor | None]) -> torch.Tensor | None:
    there = [tensor for tensor in tensors if tensor is not None]
    return torch.stack(there) if there else None
