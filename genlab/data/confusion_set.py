"""Confusion sets: a training set with true labels, and beside it images with random ones."""

from typing import Literal

import torch

from genlab.data.corruption import corrupted_labels
from genlab.data.subsets import subset_indices
from genlab.errors import ConfigError


def confusion_rows(
    labels: torch.Tensor,
    size: int,
    confusion: int,
    how: Literal["shuffled", "balanced"],
    *,
    generator: torch.Generator,
) -> torch.Tensor:
    """Which images have true labels, and after them which have random ones (Neyshabur et al. 2017, Figure 3).

    Of a random order of all images the first `size` have true labels, as in a run without a confusion set, and the next
    `confusion` are the confusion set; so with the same seed a larger confusion set holds the smaller.

    Args:
        labels: true ones, int64 `[n]`, on the CPU.
        size: images with true labels.
        confusion: images with random labels.
        how: see `subset_indices`.
        generator: of the stream "subset".

    Returns:
        int64 `[size + confusion]`, each of the two parts in increasing order.

    Raises:
        ConfigError: both together are above the set, or a class has too few images to be balanced.
    """
    if size + confusion > len(labels):
        raise ConfigError.at(
            "data.labels.confusion",
            f"{confusion} beside a train_size of {size} is above the {len(labels)} training images there are",
        )
    state = generator.get_state()
    true = subset_indices(labels, size, how, generator=generator)
    both = subset_indices(labels, size + confusion, how, generator=generator.set_state(state))
    further = torch.zeros(len(labels), dtype=torch.bool)
    further[both] = True
    further[true] = False
    return torch.cat([true, further.nonzero().squeeze(1)])


def confused_labels(
    labels: torch.Tensor, classes: int, rows: torch.Tensor, confusion: int, *, generator: torch.Generator
) -> torch.Tensor:
    """The labels to train on: true ones, and uniformly random ones of all classes for the last `confusion` rows.

    The random label of an image is the one that it has at corruption 1 with the same seed.

    Args:
        labels: true ones of all images, int64 `[n]`.
        rows: as `confusion_rows` gives them.
        generator: of the stream "corruption".
    """
    random = corrupted_labels(labels, classes, 1.0, generator=generator)
    places = torch.arange(len(rows)) >= len(rows) - confusion
    return torch.where(places, random[rows], labels[rows])
