"""Holm's correction as a closed test: what all sets of hypotheses that hold one of them say together."""

from collections.abc import Sequence
from itertools import combinations


def holm(chances: Sequence[float]) -> list[float]:
    """For each hypothesis the largest Bonferroni-corrected smallest chance over all sets that it is in, at most 1."""
    numbers = range(len(chances))
    sets = [chosen for size in range(1, len(chances) + 1) for chosen in combinations(numbers, size)]
    return [
        max(min(1.0, len(chosen) * min(chances[i] for i in chosen)) for chosen in sets if number in chosen)
        for number in numbers
    ]
