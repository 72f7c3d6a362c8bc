"""The bootstrap without chance: every one of the n^n resamples of n blocks, one after another."""

import itertools
from collections.abc import Callable, Sequence
from typing import TypeVar

Block = TypeVar("Block")


def every_resample(blocks: Sequence[Block], statistic: Callable[[list[Block]], float]) -> list[float]:
    """The statistic of each way to draw as many blocks as there are, with replacement, in rising order."""
    return sorted(statistic(list(drawn)) for drawn in itertools.product(blocks, repeat=len(blocks)))


def quantile(ordered: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` of the values do not exceed."""
    for position, value in enumerate(ordered, start=1):
        if position / len(ordered) >= part:
            return value
    return ordered[-1]
