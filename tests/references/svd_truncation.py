"""How many singular values of a layer are kept, by counting and adding one after the other."""

from collections.abc import Sequence


def rank_by_number(singular_values: Sequence[float], rank: int) -> int:
    """As many as asked for or as there are; none of a layer of zeros."""
    kept = 0
    for _ in singular_values:
        if kept < rank and max(singular_values) > 0:
            kept += 1
    return kept


def rank_by_energy(singular_values: Sequence[float], energy: float) -> int:
    """Take the largest left until the squares taken are at least that part of all squares."""
    left = list(singular_values)
    total = sum(value * value for value in left)
    taken = 0.0
    kept = 0
    while taken < energy * total:
        largest = max(left)
        left.remove(largest)
        taken += largest * largest
        kept += 1
    return kept


def rank_by_threshold(singular_values: Sequence[float], threshold: float) -> int:
    """Count those that are not below that part of the largest; none of a layer of zeros."""
    largest = 0.0
    for value in singular_values:
        largest = max(largest, value)
    kept = 0
    for value in singular_values:
        if largest > 0 and value >= threshold * largest:
            kept += 1
    return kept
