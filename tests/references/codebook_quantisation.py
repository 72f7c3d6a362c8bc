"""k-means of numbers by Lloyd's two steps, number by number."""

from collections.abc import Sequence


def codebook(weights: Sequence[float], levels: int) -> list[float]:
    """From equal distances between the least and the largest, until no number changes its value."""
    least, largest = min(weights), max(weights)
    values = sorted({least + (largest - least) * i / (levels - 1) for i in range(levels)})
    before: list[list[float]] = []
    while True:
        members: list[list[float]] = [[] for _ in values]
        for w in weights:
            # To the larger of two equally near.
            best = min(range(len(values)), key=lambda i: (abs(values[i] - w), -values[i]))
            members[best].append(w)
        members = [sorted(own) for own in members if own]
        if members == before:
            return values
        before, values = members, [sum(own) / len(own) for own in members]


def coded(weights: Sequence[float], values: Sequence[float]) -> list[float]:
    """The nearest value of each."""
    return [min(values, key=lambda value: abs(value - w)) for w in weights]


def bits_of(weights: int, values: int, biases: int) -> int:
    """Codes of equal length that tell the values apart, the values, the biases."""
    width = 0
    while 2**width < values:
        width += 1
    return weights * width + 32 * (values + biases)
