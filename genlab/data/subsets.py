"""Which images make a training set of a given size, and which a test set."""

from typing import Literal

import torch

from genlab.errors import ConfigError
from genlab.randomness import generator_for


def subset_indices(
    labels: torch.Tensor, size: int, how: Literal["shuffled", "balanced"], *, generator: torch.Generator
) -> torch.Tensor:
    """Indices of `size` training images, in increasing order. With the same seed a larger subset holds the smaller.

    "shuffled" takes the first `size` of a random order of all images. "balanced" goes through the same order and takes
    one image of each class in turn, so that classes differ by at most one image. Balance is in the labels given here,
    which should be the true ones.

    Args:
        labels: int64 `[n]`, on the CPU.
        size: from 1 to n.

    Returns:
        int64 `[size]`.

    Raises:
        ConfigError: `size` is above the set, or a class has too few images to be balanced.
    """
    count = len(labels)
    if size > count:
        raise ConfigError.at("data.train_size", f"{size} is above the {count} training images there are")
    order = torch.randperm(count, generator=generator)
    if how == "balanced":
        order = order[torch.argsort(_rank_within_class(labels[order]), stable=True)]
    chosen = order[:size].sort().values
    if how == "balanced":
        _refuse_imbalance(labels, chosen)
    return chosen


def test_rows(count: int, size: int | None) -> torch.Tensor | None:
    """Indices of the test images of every run, whatever its seed: the first of one random order of them all.

    Args:
        count: test images there are.
        size: how many are wanted, at least 1; None for all.

    Returns:
        int64 `[size]`, in increasing order; None for all. A larger part holds the smaller.

    Raises:
        ConfigError: `size` is above the set.
    """
    if size is None or size == count:
        return None
    if size > count:
        raise ConfigError.at("data.test_size", f"{size} is above the {count} test images there are")
    return torch.randperm(count, generator=generator_for(0, "subset", "test"))[:size].sort().values


def stratified_split(
    labels: torch.Tensor, test_size: int, *, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """A random split in which each class has its share of the test set, to the nearest image.

    Args:
        labels: int64 `[n]`, on the CPU.
        test_size: images in the test set, from 0 to n.

    Returns:
        Indices of the training images int64 `[n - test_size]` and of the test images int64 `[test_size]`, both in
        increasing order.
    """
    order = torch.randperm(len(labels), generator=generator)
    ranks = torch.empty_like(order)
    ranks[order] = _rank_within_class(labels[order])
    quotas = torch.tensor(class_quotas(torch.bincount(labels).tolist(), test_size), dtype=torch.int64)
    in_test = ranks < quotas[labels]
    return (~in_test).nonzero().squeeze(1), in_test.nonzero().squeeze(1)


def class_quotas(counts: list[int], total: int) -> list[int]:
    """`total` shared out in proportion to `counts` by the largest remainders (Hamilton's method), lower class first."""
    everything = sum(counts)
    quotas = [count * total // everything for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda index: (-(counts[index] * total % everything), index))
    for index in by_remainder[: total - sum(quotas)]:
        quotas[index] += 1
    return quotas


def _rank_within_class(labels: torch.Tensor) -> torch.Tensor:
    """For each position the number of earlier positions with the same label, int64 `[n]`."""
    by_class = torch.argsort(labels, stable=True)
    counts = torch.bincount(labels)
    first_of_class = torch.cumsum(counts, 0) - counts
    ranks = torch.empty_like(by_class)
    ranks[by_class] = torch.arange(len(labels)) - first_of_class[labels[by_class]]
    return ranks


def _refuse_imbalance(labels: torch.Tensor, chosen: torch.Tensor) -> None:
    classes, available = labels.unique(return_counts=True)
    taken = torch.stack([(labels[chosen] == label).sum() for label in classes])
    if int(taken.max() - taken.min()) > 1:
        scarce = int(available.argmin())
        raise ConfigError.at(
            "data.train_size",
            f"{len(chosen)} images cannot be balanced over {len(classes)} classes: class {int(classes[scarce])} has "
            f"only {int(available[scarce])}; use data.subset: shuffled or a smaller train_size",
        )
