"""A measurement repeated n times, as its median and how far the others lie from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Quantiles of n values, all in the unit of the values.

    Attributes:
        n: how many values there are.
        min: the smallest.
        lower_quartile: a quarter of the values lie below, interpolated linearly.
        median: half of them do.
        upper_quartile: three quarters of them do.
        max: the largest.
    """

    n: int
    min: float
    lower_quartile: float
    median: float
    upper_quartile: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of one value or more."""
        return cls(len(values), *np.percentile(values, [0, 25, 50, 75, 100]).tolist())

    @property
    def relative(self) -> float:
        """Distance of the quartiles over the median."""
        return (self.upper_quartile - self.lower_quartile) / self.median
