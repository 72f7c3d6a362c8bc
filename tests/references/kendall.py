"""Kendall's tau, one pair at a time."""

import math
from collections.abc import Sequence


def sign(value: float) -> int:
    """-1, 0 or 1."""
    return (value > 0) - (value < 0)


def tau_b(x: Sequence[float], y: Sequence[float]) -> float | None:
    """(C - D) / sqrt(pairs not tied in x * pairs not tied in y); None where a factor is zero."""
    agreement = not_tied_x = not_tied_y = 0
    for i in range(len(x)):
        for j in range(i):
            in_x, in_y = sign(x[i] - x[j]), sign(y[i] - y[j])
            agreement += in_x * in_y
            not_tied_x += abs(in_x)
            not_tied_y += abs(in_y)
    return agreement / math.sqrt(not_tied_x * not_tied_y) if not_tied_x * not_tied_y else None


def mean_sign_product(x: Sequence[float], y: Sequence[float]) -> float:
    """1 / (n (n - 1)) times the sum over ordered pairs of sign(dx) sign(dy) (Jiang et al. 2020)."""
    total = 0
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j:
                total += sign(x[i] - x[j]) * sign(y[i] - y[j])
    return total / (len(x) * (len(x) - 1))
