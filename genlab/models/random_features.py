"""A convolution with filters that are never trained, and a linear layer on what it pools."""

from typing import Literal

import torch
from torch import Tensor, nn

from genlab.errors import ConfigError
from genlab.models.dropout import Chain

# Patches of training images from which their mean and covariance are taken.
PATCHES = 20_000


def random_features(
    input_shape: tuple[int, int, int],
    classes: int,
    images: Tensor,
    *,
    filters: int,
    patch: int = 6,
    draw: Literal["patches", "gaussian"] = "patches",
    whitening: float | None = 0.1,
    threshold: float = 0.5,
    pool: int = 2,
    bias: bool = True,
    generator: torch.Generator,
) -> Chain:
    """Convolution with random filters, ReLU, average pooling to pool x pool cells, linear layer.

    Zhang et al. 2017 (arXiv:1611.03530), Section 5, have "a convolutional net with a single layer" of 32,000 random
    filters after Coates and Ng 2012, whose filters are learned there. Everything else is a choice here, the paper does
    not state it: patches of 6x6 with stride 1 and no padding, ZCA whitening of patches (eigenvalues + 0.1, made part of
    the filters and their biases, so that the net is an ordinary chain), ReLU above a threshold, sums over quadrants.
    Departs from Coates and Ng: patches are not divided by their own standard deviation, which would be no convolution
    (`data.normalisation: image` divides images by theirs), and filters have one polarity.

    Args:
        input_shape: of one image, which `images` have.
        images: training images as the net sees them, `[n, channels, height, width]`, float32, on the CPU.
        filters: their number.
        patch: height and width of a filter.
        draw: whether filters are patches of training images, whitened, or Gaussian; each then has length 1.
        whitening: added to the eigenvalues of the patches' covariance; None for no whitening.
        threshold: that a response must pass.
        pool: cells along each side that are left, at most those of the map.
        bias: whether the linear layer has biases.
        generator: on the CPU.

    Returns:
        A net from `[m, channels, height, width]` to logits `[m, classes]`; the linear layer is 0.

    Raises:
        ConfigError: a filter is larger than an image, or there are more cells than places of a filter.
    """
    places = min(input_shape[1:]) - patch + 1
    if places < 1:
        raise ConfigError.at("model.patch", f"{patch} is above the image size {min(input_shape[1:])}")
    if pool > places:
        raise ConfigError.at("model.pool", f"{pool} is above the {places} places of a filter along a side")
    samples = _sampled_patches(images, PATCHES, patch, generator)
    mean = samples.mean(0)
    whiten = _whitening(samples - mean, whitening)
    if draw == "patches":
        chosen = (_sampled_patches(images, filters, patch, generator) - mean) @ whiten
    else:
        chosen = torch.randn(filters, samples.shape[1], generator=generator, dtype=torch.float64)
    chosen = chosen / chosen.norm(dim=1, keepdim=True).clamp(min=1e-12)
    # <w, W (p - mean)> - threshold as a convolution with the filter W w.
    folded = chosen @ whiten
    height, width = (size - patch + 1 for size in images.shape[2:])
    cell = (-(-height // pool), -(-width // pool))
    with torch.device("meta"):
        convolution = nn.Conv2d(images.shape[1], filters, patch)
        pooling = nn.AvgPool2d(cell, ceil_mode=True)
        linear = nn.Linear(filters * -(-height // cell[0]) * -(-width // cell[1]), classes, bias=bias)
        net = Chain(convolution, nn.ReLU(), pooling, nn.Flatten(), linear)
    net.to_empty(device="cpu")
    with torch.no_grad():
        convolution.weight.copy_(folded.view(convolution.weight.shape))
        assert convolution.bias is not None
        convolution.bias.copy_(-(folded @ mean) - threshold)
        for parameter in linear.parameters():
            parameter.zero_()
    return net


def _sampled_patches(images: Tensor, count: int, size: int, generator: torch.Generator) -> Tensor:
    """Windows at random places of random images, `[count, channels x size x size]`, float64."""
    places = [
        torch.randint(limit, (count,), generator=generator)
        for limit in (len(images), images.shape[2] - size + 1, images.shape[3] - size + 1)
    ]
    along = torch.arange(size)
    rows = (places[1][:, None] + along)[:, :, None]
    columns = (places[2][:, None] + along)[:, None, :]
    windows = images.permute(0, 2, 3, 1)[places[0][:, None, None], rows, columns]
    return windows.permute(0, 3, 1, 2).flatten(1).double()


def _whitening(centred: Tensor, added: float | None) -> Tensor:
    """The symmetric matrix (C + added)^(-1/2) of the covariance C; the identity for None."""
    if added is None:
        return torch.eye(centred.shape[1], dtype=centred.dtype)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    return vectors * (values.clamp(min=0) + added).rsqrt() @ vectors.T
