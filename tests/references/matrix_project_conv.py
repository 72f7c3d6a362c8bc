"""Algorithm 4 of Arora et al. 2018 as it stands there: a subspace, and at each place k Gaussian kernels in it."""

import math
from collections.abc import Sequence

import numpy as np


def cosine_rows(count: int, rows: Sequence[int]) -> np.ndarray:
    """Rows of the orthonormal DCT-II of so many numbers, each cosine by itself; `[rows, count]`."""
    found = []
    for m in rows:
        scale = math.sqrt((1 if m == 0 else 2) / count)
        found.append([scale * math.cos(math.pi * m * (2 * i + 1) / (2 * count)) for i in range(count)])
    return np.array(found)


def kernels(weights: np.ndarray, basis: np.ndarray, k: int, places: int, generator: np.random.Generator) -> np.ndarray:
    """At each place the mean of <A, M> M over k kernels M = sqrt(N/r) Proj_S(G); `[places, N]`.

    Args:
        weights: A, `[N]`.
        basis: of S, orthonormal, `[r, N]`.
    """
    found, scale = [], math.sqrt(basis.shape[1] / basis.shape[0])
    for _ in range(places):
        total = np.zeros_like(weights)
        for _ in range(k):
            gaussian = generator.standard_normal(len(weights))
            M = scale * basis.T @ (basis @ gaussian)
            total += (weights @ M) * M
        found.append(total / k)
    return np.array(found)


def correlation(errors: np.ndarray) -> float:
    """Mean product of the errors at two different places over the mean square of one, pair by pair."""
    places = range(len(errors))
    pairs = [errors[a] @ errors[b] for a in places for b in places if a != b]
    return float(np.mean(pairs) / np.mean([error @ error for error in errors]))
