"""Matrix-Project written down: the random matrices as lists, a sum for each inner product."""

from collections.abc import Sequence

import numpy as np

Matrix = list[list[float]]


def signs(seed: int, count: int, places: int) -> list[list[int]]:
    """`count` rows of signs, read bit by bit: of each 16 rows a place has 16 bits, four places a draw of 64."""
    stream, rows = np.random.PCG64(seed), []
    while len(rows) < count:
        words = []
        for _ in range((places + 3) // 4):
            drawn = int(stream.random_raw())
            words += [(drawn >> (16 * part)) & 0xFFFF for part in range(4)]
        rows += [[1 if (words[i] >> bit) & 1 else -1 for i in range(places)] for bit in range(16)]
    return rows[:count]


def products(weights: Sequence[float], rows: Sequence[Sequence[int]]) -> list[float]:
    """<A, M> for each row M."""
    return [sum(w * m for w, m in zip(weights, row, strict=True)) for row in rows]


def mean_of(coefficients: Sequence[float], rows: Sequence[Sequence[int]]) -> list[float]:
    """(1/k) sum of z M over k rows M."""
    total = [0.0] * len(rows[0])
    for z, row in zip(coefficients, rows, strict=True):
        for i, m in enumerate(row):
            total[i] += z * m
    return [value / len(rows) for value in total]


def projected(weights: Sequence[float], rows: Sequence[Sequence[int]]) -> list[float]:
    """The weights that come back of A."""
    return mean_of(products(weights, rows), rows)
