"""Where a sampled curve reaches a level between two of its points, and the standard error that it has from the draws.

The curve is x_k, the mean over draws of what was sampled at its point k, against a positive y_k that is known. Between
two points ln y is linear in ln x, as if y were a power of x, which is how far a curve drawn on two logarithmic axes can
be read; where the lower x is not positive, and has no logarithm, ln y is linear in x.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Samples = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Crossing:
    """y at the level, and its standard error."""

    value: float
    standard_error: float


def crossing(level: float, below: Samples, above: Samples, y_below: float, y_above: float) -> Crossing:
    """y where the mean of the draws reaches the level, between a point where it is less and one where it is not.

    With t = (f(level) - f(x_0)) / (f(x_1) - f(x_0)), f the logarithm or the identity, ln y = (1 - t) ln y_0 + t ln y_1.
    The standard error is that of the mean over draws of what each moves t by to first order: the two points share
    their draws, so their errors are not independent and are not added as if they were.

    Args:
        level: positive.
        below: at the lower point, one number a draw, `[draws]`, of a mean below the level.
        above: at the upper point, of the same draws.
        y_below: y of the lower point, positive.
        y_above: y of the upper point, positive.
    """
    low, high = float(below.mean()), float(above.mean())
    of_low, of_high, width, t = _parts(level, low, high)
    moved = ((t - 1) * below * of_low - t * above * of_high) / width
    span = math.log(y_above / y_below)
    value = y_below * math.exp(t * span)
    error = float(moved.std(ddof=1)) / math.sqrt(len(moved))
    return Crossing(value, value * abs(span) * error)


def _parts(level: float, low: float, high: float) -> tuple[float, float, float, float]:
    """Derivatives of f at both ends, f(high) - f(low), and t."""
    if low > 0:
        width = math.log(high / low)
        return 1 / low, 1 / high, width, math.log(level / low) / width
    return 1.0, 1.0, high - low, (level - low) / (high - low)
