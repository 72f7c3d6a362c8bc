"""The two-layer net of Theorem 1 of Zhang et al. 2017, which has a unit for each point that it fits."""

import math

import torch
from torch import Tensor, nn

from genlab.models.dropout import Chain


class Theorem1(Chain):
    """c(x) = sum_j w_j max(<a, x> - b_j, 0), one real number, with the class nearest to it as the answer.

    Zhang et al. 2017 (arXiv:1611.03530), Theorem 1: with n units such a net takes any n values on n distinct points. It
    has 2n + d parameters: a `[d]`, b `[n]` and w `[n]`. The labels are the numbers 0, 1, ..., and the outputs for the
    classes k are -(c - k)^2, so that the largest output is that of the class to which c rounds; this last step is no
    part of the theorem, and has no parameters.

    In float64, which the theorem needs: w is as large as slopes between neighbours on the line.

    Args:
        size: d, the numbers of an image.
        classes: outputs.
        points: n, the number of training images.
    """

    def __init__(self, size: int, classes: int, points: int):
        direction = nn.Linear(size, 1, bias=False, dtype=torch.float64)
        weights = nn.Linear(points, 1, bias=False, dtype=torch.float64)
        super().__init__(nn.Flatten(), direction, Thresholds(points), nn.ReLU(), weights, NearestClass(classes))

    def project(self, x: Tensor) -> Tensor:
        """<a, x> of a batch `[m, channels, height, width]`, `[m]`."""
        return x.flatten(1) @ self.get_parameter("1.weight")[0]

    def value(self, x: Tensor) -> Tensor:
        """c(x) of a batch, `[m]`."""
        for module in list(self)[:-1]:
            x = module(x)
        return x.flatten()

    @torch.no_grad()
    def set_units(self, thresholds: Tensor, weights: Tensor) -> None:
        """Give every unit its b and w, `[n]` each."""
        self.get_parameter("2.thresholds").copy_(thresholds)
        self.get_parameter("4.weight").copy_(weights.view(1, -1))


def theorem1(input_shape: tuple[int, int, int], classes: int, points: int, *, generator: torch.Generator) -> Theorem1:
    """The net before its construction: a is drawn from N(0, 1/d), b and w are 0; see `Theorem1`.

    Args:
        input_shape: `[channels, height, width]` of one image.
        points: n, the number of training images.
        generator: on the CPU.

    Returns:
        A net from `[m, channels, height, width]` to logits `[m, classes]`.
    """
    size = math.prod(input_shape)
    with torch.device("meta"):
        net = Theorem1(size, classes, points)
    net.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.get_parameter("1.weight").normal_(0, size**-0.5, generator=generator)
    return net


class Thresholds(nn.Module):
    """z - b_j for every j: one number to n, with n parameters in float64.

    Args:
        points: n.
    """

    def __init__(self, points: int):
        super().__init__()
        self.thresholds = nn.Parameter(torch.zeros(points, dtype=torch.float64))

    def forward(self, z: Tensor) -> Tensor:
        """`[m, 1]` to `[m, n]`."""
        return z - self.thresholds


class NearestClass(nn.Module):
    """-(c - k)^2 for each class k: one number to an output for each class.

    Args:
        classes: how many.
    """

    def __init__(self, classes: int):
        super().__init__()
        self.classes = classes

    def forward(self, c: Tensor) -> Tensor:
        """`[m, 1]` to `[m, classes]`."""
        return -(c - torch.arange(self.classes, dtype=c.dtype, device=c.device)).square()
