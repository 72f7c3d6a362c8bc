"""What many tests together say: chances that are corrected for how many were looked at."""

from collections.abc import Sequence


def holm(chances: Sequence[float]) -> list[float]:
    """Holm's corrected chances (Holm 1979): those at most 0.05 hold together, with one false one in 20 such families.

    The k-th smallest of n is multiplied by n - k + 1, none is less than one before it in that order, none above 1. It
    holds however the tests depend on each other.

    Args:
        chances: of each test where there is no effect, in [0, 1].

    Returns:
        In the order of `chances`.
    """
    order = sorted(range(len(chances)), key=lambda i: chances[i])
    corrected, largest = [0.0] * len(chances), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(chances) - place) * chances[index]))
        corrected[index] = largest
    return corrected
