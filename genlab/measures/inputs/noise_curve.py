"""How much the mean loss of a net rises under noise in proportion to its parameters, at any size of the noise.

The noise u_i on parameter w_i has standard deviation sigma_i = alpha (10 |w_i| + 1) (Neyshabur et al. 2017, Figure 2),
and the divergence of w + u from a prior of the same noise about 0 is KL = sum_i w_i^2 / (2 sigma_i^2), in nats.

A draw is a direction with a choice of images. Its rise is the mean of the losses on both sides of the net in this
direction, less that of the net itself on the same images. Draw k has the same direction and images at every alpha, and
the numbers found are kept: whoever asks for the same draws at the same alphas, or for some of them, costs nothing more.

The nets move in float32: what rounding adds to a rise is far below its standard error.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from genlab.hardware.devices import arithmetic
from genlab.measures.computing.value import NotApplicable
from genlab.models.perturbation import Batches, Directions, MovableNet, parameter_vector

PER_DECADE = 4


class NoiseCurve:
    """The rise of one net's loss by draw and alpha.

    Args:
        model: without batch norm; not changed.
        images: `[n, channels, height, width]` as the net takes them.
        labels: int64 `[n]`.
        generator: a CPU generator, of which two numbers are taken.
    """

    def __init__(self, model: nn.Module, images: Tensor, labels: Tensor, *, generator: torch.Generator):
        self._model, self._images, self._labels = model, images, labels
        self._state = generator.get_state()
        self._rises: dict[tuple[int, float, int], float] = {}
        self._at_rest: dict[tuple[int, int], float] = {}

    def rises(self, alphas: Sequence[float], draws: int, images: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """What each draw adds to the mean cross-entropy at each alpha, `[draws, alphas]`.

        Args:
            images: of a draw, at least 1; all of them where there are no more.

        Raises:
            NotApplicable: the loss is not finite at one of them.
        """
        wanted = [(images, alpha, draw) for draw in range(draws) for alpha in alphas]
        if missing := {draw for size, alpha, draw in wanted if (size, alpha, draw) not in self._rises}:
            self._add(alphas, sorted(missing), images)
        return np.array([self._rises[key] for key in wanted]).reshape(draws, len(alphas))

    def kl(self, alpha: float) -> float:
        """sum_i w_i^2 / (2 sigma_i^2) >= 0, in float64; falls as 1 / alpha^2."""
        weights = parameter_vector(self._model).double()
        return float((weights / (alpha * (10 * weights.abs() + 1))).square().sum()) / 2

    def _add(self, alphas: Sequence[float], draws: Sequence[int], images: int) -> None:
        generator = torch.Generator()
        generator.set_state(self._state)
        batches = Batches(self._images, self._labels, images, generator=generator)
        with arithmetic("float32"):
            net = MovableNet(self._model, torch.float32)
            unit = 10 * net.centre.abs() + 1
            directions = Directions(len(unit), generator=generator, device=unit.device, kept_bytes=0)
            for draw in draws:
                direction, batch = directions[draw] * unit, batches[draw]
                if (images, draw) not in self._at_rest:
                    net.move(direction, 0.0)
                    self._at_rest[images, draw] = net.mean_loss(*batch)
                for alpha in (a for a in alphas if (images, a, draw) not in self._rises):
                    rise = _both_sides(net, direction, alpha, batch) - self._at_rest[images, draw]
                    if not math.isfinite(rise):
                        raise NotApplicable(f"the loss of the moved net is not finite: alpha is {alpha:g}")
                    self._rises[images, alpha, draw] = rise


def alpha_grid(smallest: float, largest: float) -> list[float]:
    """4 values a decade from the smallest on; the largest is the last one where it is one of them."""
    count = math.floor(PER_DECADE * math.log10(largest / smallest) + 1e-9)
    return [smallest * 10 ** (index / PER_DECADE) for index in range(count + 1)]


def _both_sides(net: MovableNet, direction: Tensor, alpha: float, batch: tuple[Tensor, Tensor]) -> float:
    """The mean of the losses at alpha times a direction and at its opposite."""
    net.move(direction, alpha)
    there = net.mean_loss(*batch)
    net.move(direction, -alpha)
    return (there + net.mean_loss(*batch)) / 2
