"""Whether a measure and a target are related over configurations: a value, its interval, and how likely chance is.

A configuration with all its seeds is one block. Its seeds are no evidence of their own: what a measure orders rightly
between two settings it orders rightly in every seed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlab.statistics.few_seeds import LEVEL
from genlab.statistics.granulated import Draws, granulated_tau, psi_of, seed_pairs
from genlab.statistics.kendall import resampled_mean_sign_product
from genlab.statistics.repeats import places_within
from genlab.statistics.resampling import draw_blocks, percentile_interval

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

Exchange = Literal["configurations", "levels"]

RESAMPLES = 1000
PERMUTATIONS = 999
MOST_SIGNS = 2_000_000  # at a time, of permutations times pairs


@dataclass(frozen=True)
class Relation:
    """What is known of a rank correlation.

    Attributes:
        value: the correlation, in [-1, 1].
        low: lower end of its interval.
        high: upper end.
        chance: the probability of a value as large or larger where there is no relation, in (0, 1].
        critical: the value that only a part of the permutations exceeds, so small that one above it has a chance of at
            most 5 %.
    """

    value: float
    low: float
    high: float
    chance: float
    critical: float


@dataclass(frozen=True)
class _Pairs:
    """Pairs of runs whose sign products are averaged by group, the groups by axis, and the axes by themselves.

    Attributes:
        first, second: the runs of each pair, in the order of the groups, [pairs].
        starts: of each group among the pairs, [groups].
        axis: of each group, [groups].
    """

    first: Codes
    second: Codes
    starts: Codes
    axis: Codes


def tau_relation(
    x: ArrayLike,
    target: ArrayLike,
    settings: ArrayLike,
    *,
    generator: np.random.Generator,
    seeds: ArrayLike | None = None,
    exchange: Exchange = "configurations",
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
) -> Relation | None:
    """The `mean_sign_product` over all pairs of runs, with what configurations say of it.

    The interval is a percentile bootstrap over configurations, each drawn with all its runs; a copy of a run makes no
    pair with the run. The chance is that of a permutation test: whole configurations exchange their targets, seed for
    seed, and (1 + permutations with a value at least as large) / (1 + permutations) is at most p in a part p of all
    zoos in which the targets may be exchanged so. It is one-sided; of -x it tells of a negative relation.

    What may be exchanged is what no relation means. `configurations`: any two, so that neither measure nor target
    follows the hyperparameters. `levels`: the values of one hyperparameter, so that both may follow them, for reasons
    of their own, and agree by chance; 5 hyperparameters of 2 values are the fewest of these by which a chance falls
    below .05, as they have 2^5 arrangements. Where both follow them, the first is no test: of simulated zoos in which
    they are sums of independent effects of 3 or 4 hyperparameters it gives a chance of .05 or less in 12 to 37 %, and
    the interval lies above 0 in 11 to 38 %. Where neither does it gives it in 3 to 6 %, and the interval lies there in
    1 to 4 % (100 to 1,000 zoos of 8 to 48 configurations with 1 to 5 seeds).

    Args:
        x: the measure, NaN where a run has none, [runs].
        target: NaN where a run has none, [runs].
        settings: equal numbers for equal values of a hyperparameter, [runs, hyperparameters].
        generator: of permutations and resamples.
        seeds: equal numbers for runs whose targets change places together, no two in a configuration; where not
            given, the place among the runs of the configuration.
        exchange: what the permutations are of.
        confidence: of the interval, in (0, 1).

    Returns:
        None where x or the target is the same in all runs that have both, or there are fewer than two configurations.

    Raises:
        ValueError: the lengths differ, or two runs agree in settings and seed.
    """
    runs = _Runs.of(x, target, settings, seeds)
    if runs is None:
        return None
    first, second = np.triu_indices(len(runs.x), 1)
    single = np.zeros(1, dtype=np.int64)
    pairs = _Pairs(first.astype(np.int64), second.astype(np.int64), single, single)

    def resampled(counts: Codes) -> Floats:
        return resampled_mean_sign_product(runs.places, runs.target, counts[:, runs.configuration])

    return _relation(runs, pairs, resampled, generator, exchange, confidence, resamples, permutations)


def psi_relation(
    x: ArrayLike,
    target: ArrayLike,
    settings: ArrayLike,
    *,
    generator: np.random.Generator,
    seeds: ArrayLike | None = None,
    exchange: Exchange = "configurations",
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
) -> Relation | None:
    """Psi, the mean of `granulated_tau` over hyperparameters, with what configurations say of it, as `tau_relation`.

    With no more truth than tau where both follow hyperparameters for reasons of their own.

    Returns:
        None also where no two runs of a seed are one hyperparameter apart.
    """
    runs = _Runs.of(x, target, settings, seeds)
    if runs is None:
        return None
    found = seed_pairs(runs.settings, runs.seeds)
    if not len(found.pairs):
        return None
    order = np.argsort(found.group, kind="stable")
    starts = np.flatnonzero(np.diff(found.group[order], prepend=-1))
    pairs = _Pairs(
        found.pairs.first[order], found.pairs.second[order], starts, found.pairs.axis[order][starts].astype(np.int64)
    )

    def resampled(counts: Codes) -> Floats:
        return psi_of(granulated_tau(runs.x, runs.target, found, Draws(counts, runs.configuration)))

    return _relation(runs, pairs, resampled, generator, exchange, confidence, resamples, permutations)


@dataclass(frozen=True)
class _Runs:
    """The runs that have a measure and a target.

    Attributes:
        configuration, seeds: numbers from 0, [runs].
        places: the order of x as whole numbers, finite where x is not, [runs].
    """

    x: Floats
    places: Floats
    target: Floats
    settings: Codes
    configuration: Codes
    seeds: Codes

    @classmethod
    def of(cls, x: ArrayLike, target: ArrayLike, settings: ArrayLike, seeds: ArrayLike | None) -> "_Runs | None":
        measure, aim = np.asarray(x, dtype=np.float64), np.asarray(target, dtype=np.float64)
        values = np.asarray(settings, dtype=np.int64)
        if measure.ndim != 1 or measure.shape != aim.shape or values.shape[:1] != measure.shape:
            raise ValueError(f"x, target and settings are of {measure.shape}, {aim.shape} and {values.shape}")
        configuration = np.unique(values, axis=0, return_inverse=True)[1].reshape(-1)
        numbers = (
            places_within(configuration, np.arange(len(measure)))
            if seeds is None
            else np.unique(seeds, return_inverse=True)[1]
        )
        if len(np.unique(np.column_stack([configuration, numbers]), axis=0)) < len(measure):
            raise ValueError("two runs agree in all settings and the seed")
        kept = ~(np.isnan(measure) | np.isnan(aim))
        measure, aim, configuration = measure[kept], aim[kept], configuration[kept]
        configuration = np.unique(configuration, return_inverse=True)[1]
        if not len(measure) or configuration.max() < 1 or (measure == measure[0]).all() or (aim == aim[0]).all():
            return None
        places = np.unique(measure, return_inverse=True)[1].astype(np.float64)
        aim = np.unique(aim, return_inverse=True)[1].astype(np.float64)
        return cls(places, places, aim, values[kept], configuration.astype(np.int64), numbers[kept].astype(np.int64))


def _relation(
    runs: _Runs,
    pairs: _Pairs,
    resampled: Callable[[Codes], Floats],
    generator: np.random.Generator,
    exchange: Exchange,
    confidence: float,
    resamples: int,
    permutations: int,
) -> Relation | None:
    count = int(runs.configuration.max()) + 1
    table = np.full((count + 1, int(runs.seeds.max()) + 1), np.nan)  # the last row is of configurations without runs
    table[runs.configuration, runs.seeds] = runs.target
    drawn = _of_levels if exchange == "levels" else _of_configurations
    orders = np.stack([np.arange(count), *(drawn(runs, generator) for _ in range(permutations))])
    values = _values(runs, pairs, table, orders)
    value, others = float(values[0]), values[1:]
    interval = percentile_interval(resampled(draw_blocks(count, resamples, generator=generator)), confidence)
    if np.isnan(value) or interval is None:
        return None
    # Means of the same signs in another order differ by rounding; a permutation without a value is none against chance.
    as_large = np.isnan(others) | (others >= value - 1e-9)
    chance = (1 + int(as_large.sum())) / (1 + len(others))
    return Relation(value, interval.low, interval.high, chance, _critical(others))


def _critical(others: Floats) -> float:
    """The value that so few permutations reach that, with the order itself, they are 5 % of all at most."""
    falling = np.sort(np.where(np.isnan(others), np.inf, others))[::-1]
    place = int(LEVEL * (1 + len(falling))) - 1
    return float(falling[place]) if 0 <= place < len(falling) else 1.0


def _of_configurations(runs: _Runs, generator: np.random.Generator) -> Codes:
    """Whose target each configuration gets, [configurations]."""
    return generator.permutation(int(runs.configuration.max()) + 1)


def _of_levels(runs: _Runs, generator: np.random.Generator) -> Codes:
    """The same where each hyperparameter exchanges its values; one above all where there is no such configuration."""
    levels = np.unique(runs.settings, axis=0)
    moved = levels.copy()
    for axis in range(levels.shape[1]):
        values, places = np.unique(levels[:, axis], return_inverse=True)
        moved[:, axis] = generator.permutation(values)[places.reshape(-1)]
    same = (moved[:, None, :] == levels[None, :, :]).all(axis=2)
    return np.where(same.any(axis=1), same.argmax(axis=1), len(levels))


def _values(runs: _Runs, pairs: _Pairs, table: Floats, orders: Codes) -> Floats:
    """The correlation for each order of the configurations, [orders]; NaN where it has none.

    Args:
        table: the target by configuration and seed, NaN where there is no run, and a row without runs.
    """
    signs = _sign(runs.x[pairs.first], runs.x[pairs.second])
    axes = pairs.axis == np.unique(pairs.axis)[:, None]
    size = max(MOST_SIGNS // len(signs), 1)
    found = []
    for start in range(0, len(orders), size):
        target = table[orders[start : start + size]][:, runs.configuration, runs.seeds]
        first, second = target[:, pairs.first], target[:, pairs.second]
        products = np.add.reduceat(signs * _sign(first, second), pairs.starts, axis=1)
        there = np.add.reduceat((~(np.isnan(first) | np.isnan(second))).astype(np.float64), pairs.starts, axis=1)
        taus = np.divide(products, there, out=np.zeros(products.shape), where=there > 0)
        groups = (there > 0) @ axes.T.astype(np.float64)
        by_axis = np.divide(taus @ axes.T, groups, out=np.zeros(groups.shape), where=groups > 0)
        known = (groups > 0).sum(axis=1)
        found.append(np.divide(by_axis.sum(axis=1), known, out=np.full(len(known), np.nan), where=known > 0))
    return np.concatenate(found)


def _sign(a: Floats, b: Floats) -> Floats:
    # Comparisons and not differences: NaN is neither above nor below, and so no sign.
    return (a > b).astype(np.float64) - (a < b)
