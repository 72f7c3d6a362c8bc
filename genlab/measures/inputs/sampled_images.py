"""Some training images in a random order that does not depend on how many, and noise of their own for each."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

# Layers' outputs that are kept at a time: so many numbers in a batch, 64 MiB.
OUTPUTS_AT_ONCE = 2**23


class SampledImages:
    """The first of the training images in a random order.

    Args:
        order: of all training images, `[n]`.
        images_at: images at some of their positions, as the net sees them, float64.
    """

    def __init__(self, order: Tensor, images_at: Callable[[Tensor], Tensor]):
        self._order, self._images_at = order, images_at

    def positions(self, images: int) -> Tensor:
        """Where the images stand among the training images, int64 `[n]`: so many, or all there are."""
        return self._order[:images]

    def batches(self, images: int, numbers_an_image: int) -> Iterator[Tensor]:
        """The images `[b, channels, height, width]`, as many at a time as keep so many numbers an image in bounds."""
        size = max(1, OUTPUTS_AT_ONCE // max(1, numbers_an_image))
        for positions in self.positions(images).split(size):
            yield self._images_at(positions)


class ImageNoise:
    """Gaussian noise for images in their order, from a generator for each, so that batches do not matter.

    Args:
        seed: of the first image's.
    """

    def __init__(self, seed: int):
        self._seed = seed
        self._generators: list[torch.Generator] = []

    def next_batch(self, size: int) -> None:
        """Go on to the next so many images."""
        first = self._seed + len(self._generators)
        self._seed = first
        self._generators = [torch.Generator().manual_seed(first + k) for k in range(size)]

    def like(self, x: Tensor, share: float) -> Tensor:
        """Noise for each of `[b, ...]` with the direction of a Gaussian vector and the norm share ||x||."""
        drawn = torch.stack([torch.randn(x.shape[1:], generator=g, dtype=torch.float64) for g in self._generators])
        drawn = drawn.to(x)
        sizes = (torch.linalg.vector_norm(y.flatten(1), dim=1) for y in (x, drawn))
        target, own = sizes
        factor = share * target / own
        return drawn * factor.view(-1, *[1] * (x.dim() - 1))
