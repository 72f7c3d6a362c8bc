"""Adam on one array: Kingma and Ba 2015, algorithm 1, on the gradient of loss and l2 penalty (as torch has it)."""

import numpy as np


class Adam:
    """m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2; w <- w - rate m' / (sqrt(v') + eps).

    m' = m / (1 - b1^t) and v' = v / (1 - b2^t).
    """

    def __init__(self, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, weight_decay: float = 0.0):
        self.beta1, self.beta2, self.epsilon, self.weight_decay = beta1, beta2, epsilon, weight_decay
        self.t = 0
        self.first: np.ndarray | float = 0.0
        self.second: np.ndarray | float = 0.0

    def step(self, weights: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
        g = gradient + self.weight_decay * weights
        self.t += 1
        self.first = self.beta1 * self.first + (1 - self.beta1) * g
        self.second = self.beta2 * self.second + (1 - self.beta2) * g**2
        first = self.first / (1 - self.beta1**self.t)
        second = self.second / (1 - self.beta2**self.t)
        return weights - rate * first / (np.sqrt(second) + self.epsilon)
