"""Norms of a weight matrix [out, rest] or kernel [out, in, height, width], written out as sums."""

import math

import numpy as np


def rows_of(weight: np.ndarray) -> list[list[float]]:
    """The weights that enter each unit (each output channel), a list a unit."""
    return [[float(w) for w in unit.reshape(-1)] for unit in weight]


def frobenius(weight: np.ndarray) -> float:
    """sqrt(sum of w^2)."""
    return math.sqrt(math.fsum(w * w for row in rows_of(weight) for w in row))


def pq(weight: np.ndarray, p: float, q: float) -> float:
    """||W||_{p,q} = ( sum over units i of ( sum over inputs j of |w_ij|^p )^{q/p} )^{1/q} (Neyshabur et al. 2015)."""
    return math.fsum(math.fsum(abs(w) ** p for w in row) ** (q / p) for row in rows_of(weight)) ** (1 / q)


def l1_inf(weight: np.ndarray) -> float:
    """The largest l1 norm of the weights that enter one unit, ||W||_{1,inf} (Bartlett and Mendelson 2002)."""
    return max(math.fsum(abs(w) for w in row) for row in rows_of(weight))


def spectral_of_kernel(weight: np.ndarray) -> float:
    """Largest singular value of the weights as a matrix [out, rest]."""
    return float(np.linalg.svd(weight.reshape(len(weight), -1), compute_uv=False)[0])
