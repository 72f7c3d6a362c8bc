"""Kendall's rank correlation: tau-b, the mean of sign products of Jiang et al., and both of resampled points."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau

Floats = NDArray[np.float64]


def kendall_tau_b(x: ArrayLike, y: ArrayLike) -> float | None:
    """Kendall's tau-b, by scipy in O(n log n).

    With C concordant and D discordant pairs among n0 = n (n - 1) / 2, of which n1 are tied in x and n2 in y, it is
    (C - D) / sqrt((n0 - n1) (n0 - n2)) (Kendall 1945). In [-1, 1]; unchanged by increasing maps of x or y.

    Args:
        x: numbers, [n].
        y: numbers, [n].

    Returns:
        None where x or y has fewer than two different values, since there is nothing to rank.

    Raises:
        ValueError: x and y differ in length, or hold a value that is not finite.
    """
    a, b = _checked(x, y)
    if len(np.unique(a)) < 2 or len(np.unique(b)) < 2:
        return None
    return float(kendalltau(a, b).statistic)


def mean_sign_product(x: ArrayLike, y: ArrayLike) -> float | None:
    """The tau of Jiang et al. 2020: the mean of sign(x_i - x_j) sign(y_i - y_j) over all ordered pairs i != j.

    A tie counts as zero and is not divided out, so it is (C - D) / n0, Kendall's tau-a. In [-1, 1], and +-1 only
    without ties. Where nothing is tied it equals tau-b.

    Args:
        x: numbers, [n].
        y: numbers, [n].

    Returns:
        None for fewer than two points; 0 where x or y is constant.

    Raises:
        ValueError: x and y differ in length, or hold a value that is not finite.
    """
    a, b = _checked(x, y)
    pairs = math.comb(len(a), 2)
    if pairs == 0:
        return None
    tau = kendall_tau_b(a, b)
    if tau is None:
        return 0.0
    # C - D is a whole number: rounding takes away what the square root left.
    return round(tau * math.sqrt((pairs - _tied_pairs(a)) * (pairs - _tied_pairs(b)))) / pairs


def sign_matrix(values: ArrayLike) -> NDArray[np.int8]:
    """sign(x_i - x_j) of every ordered pair, [n, n]; 0 where one of the two is NaN."""
    a = np.asarray(values, dtype=np.float64)
    return _signs(a, a)


def resampled_mean_sign_product(x: ArrayLike, y: ArrayLike, counts: ArrayLike) -> Floats:
    """`mean_sign_product` of each resample of the points, NaN where it has fewer than two different points.

    A point and its own copy are no pair: they would be tied whatever x and y are, and pull the mean towards 0.

    Args:
        x: numbers, [n].
        y: numbers, [n].
        counts: how often each point was drawn, [resamples, n].
    """
    a, b = _checked(x, y)
    w = np.asarray(counts, dtype=np.float32)  # exact: sums of signs and of products of counts are small whole numbers
    signs = (_signs(a, a) * _signs(b, b)).astype(np.float32)
    both = ((w @ signs) * w).sum(axis=1, dtype=np.float64)
    pairs = w.sum(axis=1, dtype=np.float64) ** 2 - (w * w).sum(axis=1, dtype=np.float64)
    return np.divide(both, pairs, out=np.full(len(w), np.nan), where=pairs > 0)


def _checked(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"x and y must be lists of one length, not of shapes {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a value is not finite; leave out the points that have none")
    return a, b


def _tied_pairs(values: Floats) -> int:
    _, sizes = np.unique(values, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())


def _signs(a: Floats, b: Floats) -> NDArray[np.int8]:
    # Comparisons and not differences: two tiny numbers may differ by less than the smallest float.
    rows, columns = a[:, None], b[None, :]
    return (rows > columns).astype(np.int8) - (rows < columns).astype(np.int8)
