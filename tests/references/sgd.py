"""Stochastic gradient descent on one array, as torch's documentation of `torch.optim.SGD` writes it (dampening 0)."""

import numpy as np


class SGD:
    """v <- momentum v + g with g = gradient + weight_decay w (v = g at the first step); w <- w - rate d.

    d is v, or g + momentum v with Nesterov's momentum, or g without momentum.
    """

    def __init__(self, momentum: float = 0.0, weight_decay: float = 0.0, nesterov: bool = False):
        self.momentum, self.weight_decay, self.nesterov = momentum, weight_decay, nesterov
        self.velocity: np.ndarray | None = None

    def step(self, weights: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
        g = gradient + self.weight_decay * weights
        if self.momentum == 0:
            return weights - rate * g
        self.velocity = g if self.velocity is None else self.momentum * self.velocity + g
        direction = g + self.momentum * self.velocity if self.nesterov else self.velocity
        return weights - rate * direction
