"""Learning-rate schedules as functions of the time in epochs."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

Schedule = Callable[[float], float]


def constant(epoch: float) -> float:
    """Always 1."""
    return 1.0


def step(epoch: float, *, epochs: Sequence[int], factor: float) -> float:
    """factor^k, with k of `epochs` reached."""
    return factor ** sum(epoch >= boundary for boundary in epochs)


def exponential(epoch: float, *, factor: float) -> float:
    """factor^(whole epochs done), as in Zhang et al. 2017 with 0.95."""
    return factor ** math.floor(epoch)


def cosine(epoch: float, *, epochs: int) -> float:
    """(1 + cos(pi t)) / 2 with t the part of `epochs` that is done (Loshchilov and Hutter 2017, without restarts)."""
    return (1 + math.cos(math.pi * min(1.0, epoch / epochs))) / 2 if epochs else 1.0


SCHEDULES: dict[str, Callable[..., float]] = {
    "constant": constant,
    "step": step,
    "exponential": exponential,
    "cosine": cosine,
}


def build_schedule(name: str, learning_rate: float, **settings: Any) -> Schedule:
    """Learning rate as a function of the epochs done, whole and part."""
    factor = partial(SCHEDULES[name], **settings)
    return lambda epoch: learning_rate * factor(epoch)
