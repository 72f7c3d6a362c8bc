"""Ascent of a loss in a box around a net's parameters, |v_i| <= r_i.

Steepest ascent in the norm whose unit ball is the box: each step moves every parameter by a part of its own half-width
r_i in the direction of the sign of a running sum of gradients, and back onto the box where it left it.
So neither the scale of the loss nor that of the parameters needs a learning rate. Whatever point is found is in the
box: its loss is a lower bound of the maximum.
"""

import torch
from torch import Tensor

from genlab.models.logits import cross_entropy
from genlab.models.perturbation import Batches, Loss, MovableNet

MOMENTUM = 0.9


class BoxAscent:
    """An ascent from the middle of the box, made in pieces.

    Args:
        net: moved to the middle, and by each step; step number k takes the gradient on batch number k.
        half_width: r_i >= 0, `[omega]`.
        loss: of each image, whose mean is climbed.
        momentum: what is kept of the sum at each step, in [0, 1); 0 takes the sign of the last gradient alone.

    Attributes:
        place: v_i / r_i, in [-1, 1], `[omega]`.
        steps: that were taken so far.
    """

    def __init__(
        self,
        net: MovableNet,
        batches: Batches,
        half_width: Tensor,
        loss: Loss = cross_entropy,
        momentum: float = MOMENTUM,
    ):
        self._net, self._batches, self._half_width, self._loss = net, batches, half_width, loss
        self._momentum = momentum
        self._velocity = torch.zeros_like(half_width)
        self.place = torch.zeros_like(half_width)
        self.steps = 0
        net.move(self.place)

    def climb(self, steps: int, size: float) -> None:
        """Take some steps and leave the net where they end.

        Args:
            size: of a step, as a part of the half-width.
        """
        for _ in range(steps):
            _, gradient = self._net.gradient(*self._batches[self.steps], self._loss)
            self._velocity.mul_(self._momentum).add_(gradient)
            self.place.add_(self._velocity.sign(), alpha=size).clamp_(-1, 1)
            self._net.move(self.place, self._half_width)
            self.steps += 1

    def return_to(self, place: Tensor, batches: Batches) -> None:
        """Go on from another place with gradients on other batches, without the momentum gained so far."""
        self._batches = batches
        self.place.copy_(place)
        self._velocity.zero_()
        self._net.move(self.place, self._half_width)
