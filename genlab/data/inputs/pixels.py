"""Pixels moved to other places of their image: the same places in all images, or others in each."""

from typing import Literal

import numpy as np
import torch

from genlab.data.inputs.draws import chunks, permutations
from genlab.randomness import derived_seed, generator_for

Channels = Literal["together", "apart"]


def shuffled_pixels(images: torch.Tensor, channels: Channels, *, seed: int) -> torch.Tensor:
    """Images whose pixels are moved by one permutation, the same for all (Zhang et al. 2017, arXiv:1611.03530).

    Zhang et al.: "the same permutation is applied to all the images in both training and test set". It depends on the
    seed and the number of pixels alone.

    Args:
        images: `[n, height, width, channels]`, of any type.
        channels: the paper does not say whether the channels of a pixel stay together. "together" moves them as one;
            "apart" moves each channel by a permutation of its own, so that a value stays in its channel.
        seed: the run's; the permutation of each channel is of the stream "inputs".

    Returns:
        The same values in other places, `[n, height, width, channels]`.
    """
    flat = images.flatten(1, 2)
    moved = torch.empty_like(flat)
    for channel, part in _parts(images, channels):
        generator = generator_for(seed, "inputs", "shuffled_pixels", channel)
        order = torch.randperm(flat.shape[1], generator=generator).to(images.device)
        moved[..., part] = flat[..., part].index_select(1, order)
    return moved.view(images.shape)


def random_pixels(
    images: torch.Tensor, indices: torch.Tensor, channels: Channels, *, seed: int, part: str
) -> torch.Tensor:
    """Images whose pixels are moved by a permutation of their own (Zhang et al. 2017: "random pixels").

    An image's permutation depends on the seed, its part, its index and the number of pixels, so that subsets of any
    size share it.

    Args:
        images: `[n, height, width, channels]`, of any type, on the CPU.
        indices: their places in the full data set, int64 `[n]`.
        channels: as of `shuffled_pixels`; "apart" has a permutation for each channel of each image.
        seed: the run's; the permutations are of the stream "inputs".
        part: train or test, which have streams of their own.

    Returns:
        The same values of each image in other places, `[n, height, width, channels]`.
    """
    flat = images.flatten(1, 2)
    moved = torch.empty_like(flat)
    where = indices.numpy().astype(np.uint64)
    for channel, some in _parts(images, channels):
        stream = derived_seed(seed, "inputs", "random_pixels", part, channel)
        for chunk in chunks(len(flat), flat.shape[1]):
            order = torch.from_numpy(permutations(stream, where[chunk], flat.shape[1]))
            values = flat[chunk, :, some]
            order += torch.arange(len(order))[:, None] * flat.shape[1]
            moved[chunk, :, some] = values.flatten(0, 1).index_select(0, order.view(-1)).view(values.shape)
    return moved.view(images.shape)


def _parts(images: torch.Tensor, channels: Channels) -> list[tuple[int, slice]]:
    """The channels that move together, by the number of their permutation; grey images are the same either way."""
    if channels == "together":
        return [(0, slice(None))]
    return [(channel, slice(channel, channel + 1)) for channel in range(images.shape[3])]
