"""The chance of a rank correlation by exchanging configurations: every order of them is gone through."""

from collections.abc import Callable, Sequence
from itertools import permutations

Statistic = Callable[[Sequence[float], Sequence[float]], float | None]


def exchange_chances(
    x: Sequence[float], y: Sequence[float], configurations: Sequence[int], seeds: Sequence[int], statistic: Statistic
) -> tuple[float, float]:
    """The parts of all orders whose statistic is at least, and at most, that of the runs as they are.

    Each configuration must have every seed; the number that one has for a seed goes to the same seed of another.
    """
    place = {(c, s): i for i, (c, s) in enumerate(zip(configurations, seeds, strict=True))}
    kinds = sorted(set(configurations))
    seen = statistic(x, y)
    above = below = total = 0
    for order in permutations(kinds):
        goes = dict(zip(kinds, order, strict=True))
        exchanged = [y[place[goes[c], s]] for c, s in zip(configurations, seeds, strict=True)]
        found = statistic(x, exchanged)
        above += found >= seen - 1e-9
        below += found <= seen + 1e-9
        total += 1
    return above / total, below / total
