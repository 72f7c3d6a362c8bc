"""The sign error of Dziugaite et al. 2020, one environment and one pair at a time."""

import math
from collections.abc import Sequence

from tests.references.granulated import Row
from tests.references.kendall import sign


def weight(difference: float, images: int | None) -> float:
    """max(0, 1 - 2 exp(-2 n (|d| / 2)^2))^2 less 1/2, cut at 0; without images 1 for what differs."""
    if images is None:
        return float(difference != 0)
    return max(0.0, max(0.0, 1 - 2 * math.exp(-2 * images * (abs(difference) / 2) ** 2)) ** 2 - 0.5)


def errors(
    rows: Sequence[Row], images: int | None, least: float = 12
) -> dict[tuple[tuple[int, ...], tuple[int, ...]], float]:
    """From one configuration to another that differs in one hyperparameter, the weighted error of their pairs."""
    pairs: dict[tuple[tuple[int, ...], tuple[int, ...]], list[tuple[Row, Row]]] = {}
    for one in rows:
        for other in rows:
            apart = sum(a != b for a, b in zip(one[0], other[0], strict=True))
            if apart == 1:
                pairs.setdefault((one[0], other[0]), []).append((one, other))
    found = {}
    for ends, members in pairs.items():
        weights, wrong = [], []
        for one, other in members:
            if one[2] is not None and other[2] is not None:
                weights.append(weight(one[3] - other[3], images))
                wrong.append((1 - sign(one[2] - other[2]) * sign(one[3] - other[3])) / 2)
        squares = sum(w * w for w in weights)
        if squares and sum(weights) ** 2 / squares >= least - 1e-9:
            found[ends] = sum(w * e for w, e in zip(weights, wrong, strict=True)) / sum(weights)
    return found
