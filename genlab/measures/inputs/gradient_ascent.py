"""Projected gradient ascent of a loss in a box around a net's parameters, |v_i| <= r_i.

Each step adds the learning rate times the gradient to v and brings it back onto the box where it left it, coordinate by
coordinate, which is the nearest point of the box. Unlike the ascent by signs of `box_ascent` its steps are in
proportion to the gradient: where the loss is flat it moves little however many steps it takes.
"""

import torch
from torch import Tensor

from genlab.models.perturbation import Batches, MovableNet


class GradientAscent:
    """An ascent from the middle of the box, made in pieces.

    Args:
        net: moved to the middle, and by each step; step number k takes the gradient on batch number k.
        half_width: r_i >= 0, `[omega]`.

    Attributes:
        displacement: v, `[omega]`.
        steps: that were taken so far.
    """

    def __init__(self, net: MovableNet, batches: Batches, half_width: Tensor):
        self._net, self._batches, self._half_width = net, batches, half_width
        self.displacement = torch.zeros_like(half_width)
        self.steps = 0
        net.move(self.displacement)

    def climb(self, steps: int, learning_rate: float) -> None:
        """Take some steps and leave the net where they end."""
        for _ in range(steps):
            _, gradient = self._net.gradient(*self._batches[self.steps])
            self.displacement.add_(gradient * learning_rate)
            self.displacement.clamp_(-self._half_width, self._half_width)
            self._net.move(self.displacement)
            self.steps += 1
