"""A rank relation of two numbers over the runs of a sweep, tested with whole configurations as what is independent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlab.statistics.granulated import Draws, granulated_tau, psi_of, seed_pairs
from genlab.statistics.kendall import BlockSigns, kendall_tau_b
from genlab.statistics.resampling import draw_blocks, percentile_interval

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Coefficient = Literal["tau", "psi"]

EXCHANGES = 2_000
RESAMPLES = 2_000
# The part of the resamples that may lack the coefficient.
UNDEFINED = 0.05


@dataclass(frozen=True)
class Relation:
    """A rank correlation over runs.

    Attributes:
        value: the coefficient.
        low, high: 90 %, by bootstrap over configurations; None where it has no value in more than 5 % of the resamples.
        above: the chance of one as large or larger where there is no relation, in (0, 1].
        below: likewise of one as small or smaller.
        configurations: how many different ones there are.
    """

    value: float
    low: float | None
    high: float | None
    above: float
    below: float
    configurations: int


def rank_relation(
    x: ArrayLike,
    y: ArrayLike,
    settings: Codes,
    repeats: Codes,
    *,
    coefficient: Coefficient,
    generator: np.random.Generator,
) -> Relation | None:
    """Kendall's tau-b, or Jiang's Psi, of x and y with an interval and a test.

    The seeds of a configuration share its settings, so they are no independent points: the interval draws whole
    configurations, and the test exchanges what whole configurations have of y, with all their seeds (2,000 exchanges at
    random, and the runs as they are: so the chance is never 0). It is exact where, without a relation, no configuration
    is told from another by its y.

    Args:
        x, y: finite, [runs].
        settings: equal numbers for equal values of an axis, [runs, axes].
        repeats: a number from 0 for each seed, [runs]; no two runs agree in this and in all settings.
        coefficient: tau, over all pairs of runs; or psi, the mean over axes of tau among runs that differ in one alone.
        generator: of the draws.

    Returns:
        None where the coefficient does not exist, as x or y is constant or no two runs differ in one axis alone.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    blocks = _blocks(settings)
    count = int(blocks.max()) + 1 if len(blocks) else 0
    pairs = seed_pairs(settings, repeats) if coefficient == "psi" else None

    def value_of(target: Floats) -> float:
        if pairs is not None:
            return float(psi_of(granulated_tau(a, target, pairs))[0])
        tau = kendall_tau_b(a, target)
        return float("nan") if tau is None else tau

    if count < 2 or np.ptp(a) == 0 or np.ptp(b) == 0 or np.isnan(value := value_of(b)):
        return None
    drawn = draw_blocks(count, RESAMPLES, generator=generator)
    resampled = (
        BlockSigns.of(a, b, blocks.tolist()).tau_b(drawn)
        if pairs is None
        else psi_of(granulated_tau(a, b, pairs, Draws(drawn, blocks)))
    )
    interval = percentile_interval(resampled, 0.9)
    known = interval is not None and interval.undefined <= UNDEFINED
    members = [_by_repeat(np.flatnonzero(blocks == block), repeats) for block in range(count)]
    without = np.array([value_of(_exchanged(b, members, generator)) for _ in range(EXCHANGES)])
    slack = 1e-12
    above, below = (1 + (without >= value - slack).sum()), (1 + (without <= value + slack).sum())
    return Relation(
        value,
        interval.low if interval is not None and known else None,
        interval.high if interval is not None and known else None,
        float(above) / (EXCHANGES + 1),
        float(below) / (EXCHANGES + 1),
        count,
    )


def _blocks(settings: Codes) -> Codes:
    if not settings.shape[1]:
        return np.zeros(len(settings), dtype=np.int64)
    return np.unique(settings, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _by_repeat(runs: Codes, repeats: Codes) -> Codes:
    return runs[np.argsort(repeats[runs], kind="stable")]


def _exchanged(y: Floats, members: Sequence[Codes], generator: np.random.Generator) -> Floats:
    """y with the configurations' numbers exchanged; one with fewer seeds than it needs repeats those that it has.

    Args:
        members: the runs of each configuration, by seed, so that a seed's number goes to the same seed.
    """
    exchanged = np.empty_like(y)
    for own, other in zip(members, generator.permutation(len(members)), strict=True):
        exchanged[own] = y[np.resize(members[other], len(own))]
    return exchanged
