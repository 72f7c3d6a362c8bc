"""The granulated rank correlation of Jiang et al. 2020: one hyperparameter at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlab.statistics.coupled_pairs import CoupledPairs, coupled_pairs

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
MOST_WEIGHTS = 2_000_000  # at a time, of resamples times pairs: 2,000 values of one hyperparameter are 2 million pairs


@dataclass(frozen=True)
class SeedPairs:
    """The pairs that psi is made of: runs of one seed that differ in exactly one hyperparameter.

    Attributes:
        pairs: those runs.
        group: a number for what the two share: the axis, all other hyperparameters and the seed, [pairs].
        axes: number of hyperparameters.
    """

    pairs: CoupledPairs
    group: Codes
    axes: int


def seed_pairs(settings: Codes, seeds: Codes) -> SeedPairs:
    """Find the pairs.

    Args:
        settings: equal numbers for equal values of a hyperparameter, [runs, hyperparameters].
        seeds: [runs]; no two runs agree in this and in all settings.
    """
    pairs = coupled_pairs(settings)
    pairs = pairs.where(seeds[pairs.first] == seeds[pairs.second])
    shared = settings[pairs.first].copy()
    shared[np.arange(len(pairs)), pairs.axis] = -1  # tells the axis, and takes away what differs
    keys = np.column_stack([shared, seeds[pairs.first]])
    return SeedPairs(pairs, np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1), settings.shape[1])


@dataclass(frozen=True)
class Draws:
    """Resamples of blocks of runs.

    Attributes:
        counts: how often each block was drawn, [resamples, blocks].
        blocks: the block of each run, [runs].
    """

    counts: Codes
    blocks: Codes

    def weights(self, pairs: CoupledPairs) -> Floats:
        """How often each pair is in each resample, [resamples, pairs].

        Two runs of different blocks that were drawn v and w times make v w pairs. Two runs of one block make as many as
        the block was drawn, as its copies stand for different blocks.
        """
        first, second = self.blocks[pairs.first], self.blocks[pairs.second]
        drawn = self.counts.astype(np.float64)
        return np.where(first == second, drawn[:, first], drawn[:, first] * drawn[:, second])


def granulated_tau(x: ArrayLike, target: Floats, found: SeedPairs, draws: Draws | None = None) -> Floats:
    r"""psi_i of every hyperparameter i (Jiang et al. 2020), NaN where no two runs differ in it alone.

    psi_i = 1/m_i \sum over all values of the other hyperparameters of tau(runs that have these and differ in i), where
    tau is the mean of sign(x_a - x_b) sign(y_a - y_b) over pairs, a tie counting as 0, and m_i is the number of such
    groups. In [-1, 1]; unchanged by increasing maps of the measure or the target.

    Departs from the paper, which has one run a combination: the seed is held fixed as well, so that each seed has
    groups of its own. Groups that lack runs count with those they have, and not at all where these are fewer than two.

    Args:
        x: the measure, NaN where a run has none, [runs].
        target: [runs].
        draws: resamples of the runs; each run once where not given.

    Returns:
        [resamples, hyperparameters], or [1, hyperparameters] without draws. Psi is their mean, `psi_of`.
    """
    values = np.asarray(x, dtype=np.float64)
    first, second = found.pairs.first, found.pairs.second
    there = ~(np.isnan(values[first]) | np.isnan(values[second]))
    signs = _sign(values[first], values[second]) * _sign(target[first], target[second])
    in_group = np.bincount(found.group, weights=there)[found.group] if len(first) else np.zeros(0)
    share = np.divide(there, in_group, out=np.zeros(len(first)), where=in_group > 0)
    draws = Draws(np.ones((1, 1), dtype=np.int64), np.zeros(len(values), dtype=np.int64)) if draws is None else draws
    taus, groups = (np.zeros((len(draws.counts), found.axes)) for _ in range(2))
    size = max(MOST_WEIGHTS // len(draws.counts), 1)
    for start in range(0, len(first), size):
        part = slice(start, start + size)
        weights = draws.weights(found.pairs.where(part))
        on_axis = found.pairs.axis[part, None] == np.arange(found.axes)
        taus += weights @ (on_axis * (signs * share)[part, None])
        groups += weights @ (on_axis * share[part, None])
    return np.divide(taus, groups, out=np.full(taus.shape, np.nan), where=groups > 0)


def psi_of(by_axis: Floats) -> Floats:
    r"""Psi = 1/n \sum_i psi_i over the hyperparameters that have a psi, [resamples]; NaN where none has.

    Args:
        by_axis: [resamples, hyperparameters]. Of resamples, those that lack a psi which another one has give NaN, since
            a mean over other hyperparameters is another number.
    """
    by_axis = by_axis[:, ~np.isnan(by_axis).all(axis=0)]
    return by_axis.mean(axis=1) if by_axis.shape[1] else np.full(len(by_axis), np.nan)


def _sign(a: Floats, b: Floats) -> Floats:
    # Comparisons and not differences: infinities and tiny numbers have no difference.
    return (a > b).astype(np.float64) - (a < b)
