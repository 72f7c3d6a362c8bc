"""Paired comparisons and crossings, a row and a step at a time."""

from collections.abc import Mapping, Sequence
from typing import Any


def mean_difference_by_seed(
    rows: Sequence[Mapping[str, Any]], column: str, group: str, a: Any, b: Any, axes: Sequence[str]
) -> dict[int, float]:
    """For each seed the mean over the axes of a's number minus b's; every pair of rows is looked at."""
    differences: dict[int, list[float]] = {}
    for first in rows:
        for second in rows:
            same = all(first[axis] == second[axis] for axis in [*axes, "seed"])
            if same and first[group] == a and second[group] == b:
                differences.setdefault(first["seed"], []).append(first[column] - second[column])
    return {seed: sum(values) / len(values) for seed, values in differences.items()}


def first_crossing(over: Sequence[float], curve: Sequence[float], low: float) -> float | None:
    """The first place at or after `low` where the curve goes from one sign to the other; a walk along the points."""
    last = zero = None  # the last point off zero, and the first zero after it
    for x, y in zip(over, curve, strict=True):
        if y == 0:
            zero = x if zero is None and last is not None else zero
            continue
        if last is not None and (y > 0) != (last[1] > 0):
            place = zero if zero is not None else last[0] + (x - last[0]) * last[1] / (last[1] - y)
            if place >= low:
                return place
        last, zero = (x, y), None
    return None
