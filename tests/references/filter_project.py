"""Filters projected one after the other, each on signs of its own."""

from collections.abc import Sequence

import numpy as np


def signs(seed: int, filters: int, k: int, places: int) -> list[list[list[int]]]:
    """For each filter k rows of signs; filters follow each other in one stream, 16 rows at a time."""
    stream, found = np.random.PCG64(seed), []
    for _ in range(filters):
        rows: list[list[int]] = []
        while len(rows) < k:
            draws = [int(stream.random_raw()) for _ in range((places + 3) // 4)]
            bits = [(draws[i // 4] >> (16 * (i % 4))) & 0xFFFF for i in range(places)]
            rows += [[2 * ((word >> row) & 1) - 1 for word in bits] for row in range(16)]
        found.append(rows[:k])
    return found


def projected(matrix: Sequence[Sequence[float]], signs_of: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
    """Each filter a as (1/k) sum of <a, m> m over its own rows."""
    result = []
    for filter_, rows in zip(matrix, signs_of, strict=True):
        back = [0.0] * len(filter_)
        for row in rows:
            product = sum(a * m for a, m in zip(filter_, row, strict=True))
            back = [b + product * m / len(rows) for b, m in zip(back, row, strict=True)]
        result.append(back)
    return result
