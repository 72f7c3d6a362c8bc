"""Kernel machines and two-layer nets written out: loops over pairs, dense matrices, pseudo-inverses."""

import math

import numpy as np


def gaussian(a, b, gamma):
    return math.exp(-gamma * sum((x - y) ** 2 for x, y in zip(a, b, strict=True)))


def kernel_matrix(rows, columns, gamma):
    return np.array([[gaussian(a, b, gamma) for b in columns] for a in rows])


def one_hot(labels, classes):
    return np.array([[float(label == k) for k in range(classes)] for label in labels])


def least_norm(features, targets, ridge=0.0):
    """w by the pseudo-inverse of the features with the ridge as more rows."""
    d = features.shape[1]
    stacked = np.vstack([features, math.sqrt(ridge) * np.eye(d)])
    return np.linalg.pinv(stacked) @ np.vstack([targets, np.zeros((d, targets.shape[1]))])


def norm_of_coefficients(coefficients, kernel):
    """sqrt of the sum over columns of a^T K a."""
    total = 0.0
    for k in range(coefficients.shape[1]):
        a = coefficients[:, k]
        total += sum(a[i] * kernel[i, j] * a[j] for i in range(len(a)) for j in range(len(a)))
    return math.sqrt(total)


def relative_residual(outputs, labels):
    wanted = one_hot(labels, outputs.shape[1])
    return math.sqrt(((outputs - wanted) ** 2).sum()) / math.sqrt((wanted**2).sum())


def ramps(z, b, w):
    """sum_j w_j max(z - b_j, 0), one term at a time."""
    return sum(weight * max(z - threshold, 0.0) for threshold, weight in zip(b, w, strict=True))
