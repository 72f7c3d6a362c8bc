"""Learning rates by their definitions, by multiplying and counting."""

import math
from collections.abc import Sequence


def constant(rate: float, epoch: float) -> float:
    return rate


def step(rate: float, epoch: float, epochs: Sequence[int], factor: float) -> float:
    """Times the factor at each boundary that lies behind or here."""
    for boundary in epochs:
        if boundary <= epoch:
            rate *= factor
    return rate


def exponential(rate: float, epoch: float, factor: float) -> float:
    """Times the factor after each whole epoch (Zhang et al. 2017, appendix A)."""
    done = 1
    while done <= epoch:
        rate *= factor
        done += 1
    return rate


def cosine(rate: float, epoch: float, epochs: int) -> float:
    """Loshchilov and Hutter 2017, equation 5, with a smallest rate of 0 and no restart: 0 after the last epoch."""
    if epoch >= epochs:
        return 0.0
    return 0.5 * rate * (1 + math.cos(epoch / epochs * math.pi))
