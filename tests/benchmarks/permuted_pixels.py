"""The pixels of a whole data set moved, those of each image by a permutation of its own."""

from collections.abc import Iterator
from typing import Any

import torch

from genlab.data.inputs.pixels import random_pixels
from genlab.randomness import generator_for
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.sizes import Sizes

SHAPES = {"28x28 grey": (28, 28, 1), "32x32 colour": (32, 32, 3)}


class EachImage:
    """A loop over the images, each with a generator of its own."""

    def __init__(self, shape: tuple[int, int, int], count: int):
        self.images = made(shape, count)
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> bool:
        """Whether every image has kept its pixels."""
        flat, moved = self.images.flatten(1, 2), torch.empty_like(self.images).flatten(1, 2)
        for index, image in enumerate(flat):
            order = torch.randperm(len(image), generator=generator_for(0, "inputs", "train", index))
            moved[index] = image[order]
        return same_pixels(flat, moved)


class AllImages(EachImage):
    """genlab's draws for many images at once."""

    def work(self) -> bool:
        """Whether every image has kept its pixels."""
        indices = torch.arange(len(self.images))
        moved = random_pixels(self.images, indices, "together", seed=0, part="train")
        return same_pixels(self.images.flatten(1, 2), moved.flatten(1, 2))


def made(shape: tuple[int, int, int], count: int) -> torch.Tensor:
    """Noise, uint8 `[count, *shape]`."""
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def same_pixels(before: torch.Tensor, after: torch.Tensor) -> bool:
    """Whether the first images have the pixels that they had, in other places."""
    some = slice(10)
    return torch.equal(before[some].sort(1).values, after[some].sort(1).values) and not torch.equal(before, after)


def permutation_contests(sizes: Sizes) -> Iterator[Contest]:
    """Random pixels of data sets of the sizes of MNIST and CIFAR-10."""
    for name, shape in SHAPES.items():
        arguments = (shape, sizes.permuted)
        yield Contest(
            f"random pixels, {name}",
            Way("a loop over images", EachImage, arguments),
            [Way("genlab", AllImages, arguments)],
            units=sizes.permuted,
            compare=lambda usual, other: "permutations" if usual and other else "NOT permutations",
        )
