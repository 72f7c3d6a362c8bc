"""Bootstrap intervals over blocks: rows that belong together, such as all runs of a seed, are drawn together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Interval:
    """What the resamples of a statistic say.

    Attributes:
        low: lower end.
        high: upper end.
        undefined: the part of the resamples for which the statistic does not exist, in [0, 1).
    """

    low: float
    high: float
    undefined: float = 0.0


def bootstrap_interval(
    statistic: Callable[[Counts], Floats],
    blocks: int,
    *,
    generator: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = 10_000,
) -> Interval | None:
    """The percentile bootstrap interval of a statistic over blocks (Efron 1979).

    Each resample draws `blocks` of the blocks with replacement. The ends are the (1 - confidence) / 2 quantile of the
    statistic over the resamples and its mirror, linear between two neighbours. Resamples in which the statistic is NaN
    are left out and counted.

    With few blocks it is too short. Of three blocks a mean's interval at 95 % is their smallest and largest value,
    which hold the truth between them in 3 of 4 cases (normal errors); of 5 blocks the interval holds it in about 84 %,
    of 10 in about 90 %, of 20 in about 93 %. Who needs more than "all three seeds agree" needs more seeds.

    Args:
        statistic: from how often each block was drawn, [resamples, blocks], to its value in each resample, [resamples].
        blocks: how many there are, 1 or more.
        generator: of the draws.
        confidence: in (0, 1).
        resamples: number of draws.

    Returns:
        None where the statistic exists in no resample.

    Raises:
        ValueError: blocks, confidence or resamples out of range.
    """
    if not (blocks >= 1 and 0 < confidence < 1 and resamples >= 1):
        raise ValueError(f"no bootstrap of {blocks} blocks at confidence {confidence} with {resamples} resamples")
    return percentile_interval(statistic(draw_blocks(blocks, resamples, generator=generator)), confidence)


def percentile_interval(values: Floats, confidence: float = 0.95) -> Interval | None:
    """The interval between two quantiles of a statistic over resamples; None where it exists in none of them.

    Args:
        values: of the statistic in each resample, NaN where it does not exist, [resamples].
        confidence: in (0, 1).
    """
    exist = np.isfinite(values)
    if not exist.any():
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(values[exist], [tail, 1 - tail])
    return Interval(float(low), float(high), float(1 - exist.mean()))


def draw_blocks(blocks: int, resamples: int, *, generator: np.random.Generator) -> Counts:
    """How often each block is drawn in each resample, [resamples, blocks]; every row sums to `blocks`."""
    return generator.multinomial(blocks, np.full(blocks, 1 / blocks), size=resamples)
