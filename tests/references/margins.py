"""Margins of a classifier, one example at a time."""

import math
from collections.abc import Sequence


def margin(logits: Sequence[float], label: int) -> float:
    """f(x)[y] - max over j != y of f(x)[j] (Neyshabur et al. 2017, section 2.2), negative for a wrong answer."""
    others = sorted(value for j, value in enumerate(logits) if j != label)
    return float(logits[label]) - float(others[-1])


def margins(logits: Sequence[Sequence[float]], labels: Sequence[int]) -> list[float]:
    """The margin of every example."""
    return [margin(row, int(label)) for row, label in zip(logits, labels, strict=True)]


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the sorted values lie, linear between the two nearest order statistics.

    With the values sorted as v_0 <= ... <= v_{n-1} the p-th percentile stands at position p/100 (n - 1).
    """
    ordered = sorted(float(v) for v in values)
    position = percent / 100 * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
