"""Pairs of runs that differ in exactly one hyperparameter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class CoupledPairs:
    """Pairs of runs, each once.

    Attributes:
        first: index of one run of each pair, [pairs].
        second: index of the other, above `first`, [pairs].
        axis: the hyperparameter in which they differ, [pairs].
    """

    first: Codes
    second: Codes
    axis: Codes

    def __len__(self) -> int:
        return len(self.first)

    def where(self, kept: NDArray[np.bool_] | slice) -> "CoupledPairs":
        """Some of the pairs."""
        return CoupledPairs(self.first[kept], self.second[kept], self.axis[kept])


def coupled_pairs(settings: Codes) -> CoupledPairs:
    """All pairs of runs whose settings differ in exactly one column; O(n^2) time and memory of n bytes at a time.

    Args:
        settings: equal numbers for equal values of a hyperparameter, [runs, hyperparameters].
    """
    firsts, seconds, axes = [], [], []
    for i in range(len(settings) - 1):
        differ = settings[i + 1 :] != settings[i]
        (found,) = np.nonzero(differ.sum(axis=1) == 1)
        firsts.append(np.full(len(found), i))
        seconds.append(found + i + 1)
        axes.append(differ[found].argmax(axis=1))
    empty = [np.zeros(0, dtype=np.int64)]
    return CoupledPairs(*(np.concatenate([*empty, *parts]) for parts in (firsts, seconds, axes)))
