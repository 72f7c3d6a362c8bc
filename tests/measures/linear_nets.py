"""Linear classifiers of two classes, whose behaviour under noise is known in closed form."""

import math

import numpy as np
import torch
from torch import nn


def linear_net(pixels: int, *, seed: int = 0, scale: float = 1.0) -> nn.Module:
    """Flatten and one linear layer with biases, parameters normal with standard deviation `scale`."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 2)).double().eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return net


def labelled(net: nn.Module, count: int, pixels: int, *, seed: int = 1, positive: bool = False):
    """Images `[n, 1, 1, pixels]`, standard normal or in [0, 1], with the net's own answers for labels."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, 1, 1, pixels)
    images = torch.rand(shape, generator=generator) if positive else torch.randn(shape, generator=generator)
    with torch.no_grad():
        return images, net(images.double()).argmax(1)


def margins(net: nn.Module, images: torch.Tensor) -> np.ndarray:
    """Of the net's own answers, `[n]`."""
    with torch.no_grad():
        logits = net(images.double())
    return (logits[:, 0] - logits[:, 1]).abs().numpy()


def noise_length(images: torch.Tensor) -> np.ndarray:
    """The standard deviation of a margin under noise of standard deviation 1 on each weight and bias, `[n]`."""
    return np.sqrt(2 * (images.double().flatten(1).square().sum(1).numpy() + 1))


def expected_error(net: nn.Module, images: torch.Tensor, sigma: float) -> float:
    """E error(w + sigma z) of a net that is right on all images: the mean of Phi(-margin / (sigma length))."""
    z = margins(net, images) / (sigma * noise_length(images))
    return float(np.mean([0.5 * math.erfc(value / math.sqrt(2)) for value in z]))
