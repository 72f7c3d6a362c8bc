"""The conditional mutual information score of Jiang et al. 2020: what a measure tells beyond the hyperparameters."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlab.statistics.kendall import sign_matrix

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]  # for counts, which are exact in them up to 16 million
Codes = NDArray[np.int64]
MOST_GIVEN = 2


@dataclass(frozen=True)
class Conditions:
    """The sets S of hyperparameters that are given, for runs in blocks of equal settings.

    Attributes:
        block: of each run, [runs]; runs of one block agree in all hyperparameters and are drawn together.
        sets: the indices of the hyperparameters in each S.
        members: for each S which blocks have which values of it, [blocks, values of S].
    """

    block: Codes
    sets: tuple[tuple[int, ...], ...]
    members: tuple[Singles, ...]


def conditions(settings: Codes, *, most: int = MOST_GIVEN, single_runs: bool = False) -> Conditions:
    """All sets of at most `most` hyperparameters, the empty one included, that are not all of them.

    Given all of them the two runs of a pair are determined, and without repeats I and H are both zero.

    Args:
        settings: equal numbers for equal values of a hyperparameter, [runs, hyperparameters].
        single_runs: each run is a block, to be drawn by itself; else all runs of a configuration are one.
    """
    rows, block = np.unique(settings, axis=0, return_inverse=True)
    if single_runs:
        rows, block = settings, np.arange(len(settings))
    axes = settings.shape[1]
    sets = [s for size in range(min(most, axes - 1) + 1) for s in itertools.combinations(range(axes), size)]
    members = []
    for chosen in sets:
        columns = rows[:, chosen] if chosen else np.zeros((len(rows), 1))
        value = np.unique(columns, axis=0, return_inverse=True)[1].reshape(-1)
        members.append((value[:, None] == np.unique(value)).astype(np.float32))
    return Conditions(block.reshape(-1).astype(np.int64), tuple(sets), tuple(members))


def conditional_scores(x: ArrayLike, target: Floats, given: Conditions, counts: ArrayLike | None = None) -> Floats:
    r"""I(V_x; V_y | U_S) / H(V_y | U_S) for every set S (Jiang et al. 2020), NaN where H is zero.

    Over all ordered pairs of runs, V_x and V_y are the signs of the differences of the measure and of the target, and
    U_S is the values of the hyperparameters in S of both runs. I is their mutual information given U_S, H the entropy
    of V_y given U_S, so that the ratio is in [0, 1]: 0 where the measure tells nothing about the order of two runs that
    is not known from S, 1 where it tells all. `score_of` takes the smallest.

    Conventions: pairs that are tied in the measure or the target are dropped. Groups of equal U_S in which V_y has one
    value add nothing to I or H. Runs of all seeds make pairs with each other. The score is blind to the sign: x and -x
    have the same.

    Args:
        x: the measure, NaN where a run has none, [runs].
        target: [runs].
        counts: how often each block was drawn, [resamples, blocks]; once where not given.

    Returns:
        [resamples, sets], or [1, sets] without counts.
    """
    signs_x, signs_y = sign_matrix(x), sign_matrix(target)
    # The other two of the four combinations of signs are these of the pair the other way round.
    up_up, up_down = (_sums((signs_x > 0) & (signs_y == sign), given.block) for sign in (1, -1))
    if counts is None:
        counts = np.ones((1, len(up_up)))
    # Resamples of a few seeds are few different ones.
    drawn, same = np.unique(np.asarray(counts, dtype=np.float32), axis=0, return_inverse=True)
    scores = np.stack([_score(up_up, up_down, members, drawn) for members in given.members], axis=1)
    return scores[same.reshape(-1)]


def score_of(scores: Floats) -> Floats:
    """The smallest score of each resample over the sets that have one, NaN where none has, [resamples]."""
    return np.where(np.isnan(scores).all(axis=1), np.nan, np.where(np.isnan(scores), np.inf, scores).min(axis=1))


def _sums(matrix: NDArray[np.bool_], block: Codes) -> Singles:
    """Sums over blocks of rows and of columns, [blocks, blocks]."""
    order = np.argsort(block, kind="stable")
    starts = np.flatnonzero(np.diff(block[order], prepend=-1))
    counted = matrix[np.ix_(order, order)].astype(np.float32)
    return np.add.reduceat(np.add.reduceat(counted, starts, axis=0), starts, axis=1)


def _score(up_up: Singles, up_down: Singles, members: Singles, drawn: Singles) -> Floats:
    """The ratio for one S in each resample, [resamples]."""
    pp, pm = (_tables(sums, members, drawn) for sums in (up_up, up_down))
    mm, mp = np.swapaxes(pp, 1, 2), np.swapaxes(pm, 1, 2)
    pairs = pp + pm + mp + mm
    entropy = _plogp(pairs) - _plogp(pp + mp) - _plogp(pm + mm)
    joint = sum(_plogp(n) for n in (pp, pm, mp, mm))
    information = joint - _plogp(pp + pm) - _plogp(mp + mm) + entropy
    above, below = information.sum(axis=(1, 2)), entropy.sum(axis=(1, 2))
    ratio = np.divide(above, below, out=np.full(len(drawn), np.nan), where=below > 1e-9 * pairs.sum(axis=(1, 2)))
    return np.clip(ratio, 0.0, 1.0)  # rounding; NaN stays


def _tables(sums: Singles, members: Singles, drawn: Singles) -> Floats:
    """Pairs by the value of S of the first and of the second run, [resamples, values, values]."""
    blocks, values = members.shape
    second = drawn.T[:, :, None] * members[:, None, :]
    found = (sums @ second.reshape(blocks, -1)).reshape(blocks, len(drawn), values) * drawn.T[:, :, None]
    table = (members.T @ found.reshape(blocks, -1)).reshape(values, len(drawn), values)
    return np.swapaxes(table, 0, 1).astype(np.float64)


def _plogp(counts: Floats) -> Floats:
    return counts * np.log(np.where(counts > 0, counts, 1.0))
