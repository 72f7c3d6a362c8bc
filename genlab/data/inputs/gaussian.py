"""Gaussian noise in place of images, with the mean and variance of a data set."""

import numpy as np
import torch

from genlab.data.inputs.draws import chunks, normals
from genlab.randomness import derived_seed

# Noise is a whole number of these parts of a grey level.
PARTS = 256


def gaussian_images(
    shape: tuple[int, int, int], indices: torch.Tensor, mean: torch.Tensor, std: torch.Tensor, *, seed: int, part: str
) -> torch.Tensor:
    """Independent Gaussian pixels for each image (Zhang et al. 2017, arXiv:1611.03530: "Gaussian").

    Zhang et al.: "a Gaussian distribution (with matching mean and variance to the original image dataset) is used to
    generate random pixels for each image". The distribution has exactly the mean and standard deviation given here; the
    noise of a finite set has them up to chance. Nothing is clipped to 0..255, and noise is stored as floats: as bytes
    it would have another variance (on MNIST a third of it lies below 0). It is rounded to 1/256 of a grey level, which
    adds 1.3e-6 to a variance in grey levels squared of thousands, so that sums over an image are exact, as of bytes.

    An image's noise depends on the seed, its part, its index and its shape, so that subsets of any size share it.

    Args:
        shape: height, width and channels of an image.
        indices: places of the images in the full data set, int64 `[n]`.
        mean, std: of each channel in grey levels, float64 `[channels]`.
        seed: the run's; the noise is of the stream "inputs".
        part: train or test, which have streams of their own.

    Returns:
        float32 `[n, height, width, channels]`, in grey levels.
    """
    height, width, channels = shape
    stream = derived_seed(seed, "inputs", "gaussian", part)
    where = indices.numpy().astype(np.uint64)
    count = height * width * channels
    images = torch.empty(len(indices), *shape, dtype=torch.float32)
    for chunk in chunks(len(where), count):
        noise = torch.from_numpy(normals(stream, where[chunk], count)).view(-1, *shape)
        images[chunk] = noise.mul_(std).add_(mean).mul_(PARTS).round_().div_(PARTS)
    return images
