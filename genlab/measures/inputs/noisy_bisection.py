"""Where the mean of random rising functions crosses a level, from as few values of as few of them as decide it.

The functions are numbered and independent; number k is the same function at every x (common random numbers), so that
the mean over the first n is a function too, and estimates at neighbouring x err alike.

One bisection of ln x, coarse to fine. A comparison at x takes functions 1 to 4, 8, 16, ... and ends as soon as their
mean is off the level by more than Student's t at a nominal error probability of 1 % a comparison, shared among its
looks. (The bounds of Hoeffding and of Bernstein need not take means as normal, but tell nothing from 32 values in
[-1, 1].) A comparison that all functions leave undecided goes by their mean.

No early decision enters the answer: when the two ends are within a factor of 1.2 of each other both are computed with
all functions, and where these do not enclose the crossing of the mean over all of them, the ends move on until they do.
So a wrong decision costs time alone. x is interpolated between the ends as if the mean were a power of x (a line in
ln x where it is not positive at the lower end), and its standard error is that of the mean there over the slope. "All
functions" are 32 at first, and twice as many again until the standard error is small enough or there are no more.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.stats

from genlab.measures.computing.value import NotApplicable

FIRST_LOOK, FIRST_COUNT = 4, 32
ERROR_PROBABILITY = 0.01
COARSE, FINE = 4.0, 1.2
# Up to 1000 times the first x, and down to 1e-7 of it.
STEPS_UP, STEPS_DOWN = 5, 12
# How often the last two ends may move on: half of the way of the coarse steps.
MOVES = 8


@dataclass(frozen=True)
class Trial:
    """What became known at one x.

    Attributes:
        mean: of the functions there.
        standard_error: of that mean.
        count: of functions that were computed.
    """

    x: float
    mean: float
    standard_error: float
    count: int


@dataclass(frozen=True)
class Crossing:
    """Where the mean crosses the level.

    Attributes:
        x: the place.
        standard_error: of x, for the choice of the functions.
        count: of functions at both ends of the last interval.
        trials: every x that was looked at, in rising order.
    """

    x: float
    standard_error: float
    count: int
    trials: tuple[Trial, ...]


class NoisyBisection:
    """One search.

    Args:
        function: (number k >= 0, x > 0) to the value of function k at x.
        level: that the mean shall cross from below.
        count: of functions at most, at least 2.
        relative_error: a standard error of x, as a part of x, that is small enough.
        spread: a standard deviation of single values at the level that is certain to be there, such as that of the
            choice of images: guards a comparison against a few values that agree by chance.
    """

    def __init__(
        self,
        function: Callable[[int, float], float],
        level: float,
        *,
        count: int,
        relative_error: float,
        spread: float,
    ):
        self._function, self._level, self._spread = function, level, spread
        self._most, self._relative_error = count, relative_error
        self._count = min(count, FIRST_COUNT)
        self._values: dict[float, list[float]] = {}
        looks = 1 + max(0, math.ceil(math.log2(self._count / FIRST_LOOK)))
        self._tail = ERROR_PROBABILITY / looks / 2

    def run(self, start: float) -> Crossing:
        """Search from `start`, in steps of a factor of 4 until the crossing is enclosed.

        Raises:
            NotApplicable: there is no crossing within a factor of 1000 above and 1e-7 below; the message says what the
                mean is at the end.
        """
        low, high = self._enclose(start)
        while high / low > FINE:
            middle = math.sqrt(low * high)
            low, high = (low, middle) if self._above(middle) else (middle, high)
        while True:
            low, high = self._confirm(low, high)
            found = self._interpolate(low, high)
            if self._count == self._most or found.standard_error <= self._relative_error * found.x:
                return found
            self._count = min(2 * self._count, self._most)

    def _enclose(self, start: float) -> tuple[float, float]:
        x, above = start, self._above(start)
        for _ in range(STEPS_DOWN if above else STEPS_UP):
            following = x / COARSE if above else x * COARSE
            if self._above(following) != above:
                return (following, x) if above else (x, following)
            x = following
        raise NotApplicable(f"at {x:.3g} it is {'still' if above else 'only'} {np.mean(self._values[x]):.3g}")

    def _above(self, x: float) -> bool:
        """Whether the mean at x is above the level, by as many functions as it takes."""
        look = FIRST_LOOK
        while True:
            values = self._compute(x, min(look, self._count))
            n = len(values)
            off = float(np.mean(values)) - self._level
            deviation = max(float(np.std(values, ddof=1)), self._spread)
            if n == self._count or abs(off) > scipy.stats.t.isf(self._tail, n - 1) * deviation / math.sqrt(n):
                return off > 0
            look *= 2

    def _compute(self, x: float, count: int) -> list[float]:
        values = self._values.setdefault(x, [])
        values.extend(self._function(k, x) for k in range(len(values), count))
        return values

    def _confirm(self, low: float, high: float) -> tuple[float, float]:
        """Ends between which the mean of all functions crosses the level."""
        for _ in range(MOVES):
            if np.mean(self._compute(low, self._count)) > self._level:
                low, high = low / FINE, low
            elif np.mean(self._compute(high, self._count)) <= self._level:
                low, high = high, high * FINE
            else:
                return low, high
        raise NotApplicable(f"it does not settle: at {low:.3g} it is {np.mean(self._values[low]):.3g}")

    def _interpolate(self, low: float, high: float) -> Crossing:
        at_low, at_high = np.array(self._values[low]), np.array(self._values[high])
        below, above, width = float(at_low.mean()), float(at_high.mean()), math.log(high / low)
        if below > 0 and self._level > 0:
            power = math.log(above / below) / width
            part, slope = math.log(self._level / below) / (power * width), self._level * power
        else:
            part, slope = (self._level - below) / (above - below), (above - below) / width
        x = low * math.exp(part * width)
        there = (1 - part) * at_low + part * at_high
        of_mean = float(there.std(ddof=1)) / math.sqrt(len(there))
        trials = tuple(self._trial(x) for x in sorted(self._values))
        return Crossing(x, of_mean * x / slope, len(there), trials)

    def _trial(self, x: float) -> Trial:
        values = np.array(self._values[x])
        return Trial(x, float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))), len(values))
