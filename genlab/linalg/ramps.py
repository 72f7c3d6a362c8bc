"""A sum of ramps through given points of a line: forward substitution in a triangular matrix that is never built."""

from typing import Any

import numpy as np

Vector = np.ndarray[Any, np.dtype[np.float64]]


def ramps_through(z: Vector, y: Vector) -> tuple[Vector, Vector]:
    """Thresholds b and weights w with sum_j w_j max(z_i - b_j, 0) = y_i for every i.

    Lemma 1 and Theorem 1 of Zhang et al. 2017 (arXiv:1611.03530): with b_1 < z_1 < b_2 < z_2 < ... the matrix
    max(z_i - b_j, 0) is lower triangular with the diagonal z_i - b_i > 0. Here b_i is the middle between z_(i-1) and
    z_i, and b_1 as far below z_1 as b_2 is above. O(n): between two points the sum is a line, whose slope is the sum of
    the weights so far and which starts at the value that it was made to have at the last point.

    The solution is exact to rounding at each step, but the sum, whose terms cancel, is not: max |w| grows with the
    inverse of the smallest gap, and with it what adding the terms up loses. Of n Gaussian z and labels 0 to 9 the
    largest |sum - y_i| is about 1e-9 at n = 100, 1e-6 at 1,000, 1e-3 at 10,000.

    Args:
        z: `[n]`, n >= 1, strictly rising.
        y: `[n]`.

    Returns:
        b and w, `[n]`.

    Raises:
        ValueError: two of z are equal or so near that no number is between them, or they do not rise.
    """
    before = np.concatenate([[2 * z[0] - z[1] if len(z) > 1 else z[0] - 1], z[:-1]])
    b = before + (z - before) / 2
    heights = z - b
    if not (np.all(heights > 0) and np.all(b[1:] > z[:-1])):
        raise ValueError("the points are not apart and rising")
    w = np.empty_like(b)
    slope = value = 0.0
    for i in range(len(z)):
        reached = value + slope * (z[i] - before[i])
        w[i] = (y[i] - reached) / heights[i]
        slope += w[i]
        value = y[i]
    return b, w
