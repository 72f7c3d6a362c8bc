"""The conditional mutual information score of Jiang et al. 2020: what a measure tells beyond the hyperparameters."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlab.statistics.kendall import sign_matrix

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]  # for counts, which are exact in them up to 16 million
Codes = NDArray[np.int64]
MOST_GIVEN = 2
MOST_CELLS = 1_000_000  # at a time, of resamples times blocks times values of S; each takes about 150 bytes


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

    Conventions: pairs that are tied in the target are dropped. Groups of equal U_S in which V_y has one value add
    nothing to I or H. Runs of all seeds make pairs with each other. The score is blind to the sign: x and -x have the
    same.

    Departs from the paper, where V_x is a sign only: a tie in the measure is a third value of V_x. Dropping these pairs
    instead would leave out just those that a measure which copies a hyperparameter cannot order, and score it 1.

    Args:
        x: the measure, NaN where a run has none, [runs].
        target: [runs].
        counts: how often each block was drawn, [resamples, blocks]; once where not given.

    Returns:
        [resamples, sets], or [1, sets] without counts.
    """
    values = np.asarray(x, dtype=np.float64)
    signs_x, raised = sign_matrix(values), sign_matrix(target) > 0
    # NaN is not equal to itself, so that the pairs of runs without a value are in none of the three.
    kinds = (signs_x > 0, signs_x < 0, values[:, None] == values[None, :])
    up, down, tied = (_sums(kind & raised, given.block) for kind in kinds)
    if counts is None:
        counts = np.ones((1, len(up)))
    # Resamples of a few seeds are few different ones.
    drawn, same = np.unique(np.asarray(counts, dtype=np.float32), axis=0, return_inverse=True)
    scores = np.stack([_scores((up, down, tied), members, drawn) for members in given.members], axis=1)
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


def _scores(raised: Sequence[Singles], members: Singles, drawn: Singles) -> Floats:
    """The ratio for one S in each resample, [resamples], as many resamples at a time as memory allows."""
    size = max(MOST_CELLS // members.size, 1)
    return np.concatenate([_score(raised, members, drawn[i : i + size]) for i in range(0, len(drawn), size)])


def _score(raised: Sequence[Singles], members: Singles, drawn: Singles) -> Floats:
    """The ratio for one S in each resample, [resamples].

    Args:
        raised: pairs in which the first run has the higher target, by V_x: higher, lower, tied.
    """
    up, down, tied = (_tables(sums, members, drawn) for sums in raised)
    # The pairs in which it has the lower one are these the other way round.
    higher, lower = (up, down, tied), [np.swapaxes(table, 1, 2) for table in (down, up, tied)]
    all_higher = up + down + tied
    all_lower = np.swapaxes(all_higher, 1, 2)
    pairs = all_higher + all_lower
    entropy = _plogp(pairs) - _plogp(all_higher) - _plogp(all_lower)
    information = entropy.copy()
    for a, b in zip(higher, lower, strict=True):
        information += _plogp(a) + _plogp(b) - _plogp(a + b)
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
