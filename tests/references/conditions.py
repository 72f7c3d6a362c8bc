"""The conditions of Theorem 1 of Neyshabur et al. 2017 for perceptrons, with every matrix written out.

A perceptron is a list of (weight [out, in], bias [out] or None).
"""

import numpy as np


def pre_activations(layers, image):
    found, x = [], image
    for weight, bias in layers:
        z = weight @ x + (0 if bias is None else bias)
        found.append(z)
        x = np.where(z > 0, z, 0.0)
    return found


def inverse_mus(layers, image):
    """{(a, c, b): 1/mu}: the smallest mu that C1 allows, one triple at a time, from full products of D W."""
    depth = len(layers)
    z = pre_activations(layers, image)
    factors = [image[:, None]]
    for number, (weight, _) in enumerate(layers):
        pattern = np.eye(len(weight)) if number == depth - 1 else np.diag((z[number] > 0).astype(float))
        factors.append(pattern @ weight)

    def norm(first, last):
        product = factors[first]
        for factor in factors[first + 1 : last + 1]:
            product = factor @ product
        return np.sqrt((product**2).sum())

    found = {}
    for a in range(depth):
        for b in range(a + 2, depth + 1):
            for c in range(a + 1, b):
                units = factors[c].shape[0]
                mu = norm(a, b) * np.sqrt(units) / (norm(c + 1, b) * norm(a, c))
                found[a, c, b] = 1 / mu
    return found


def flipped(layers, images, level, delta):
    """The part of units with |z| <= delta times the rms of z: its mean over images, and the standard error of it."""
    parts = []
    for image in images:
        z = pre_activations(layers, image)[level]
        size = (sum(value**2 for value in z) / len(z)) ** 0.5
        parts.append(sum(abs(value) <= delta * size for value in z) / len(z))
    mean = sum(parts) / len(parts)
    variance = sum((part - mean) ** 2 for part in parts) / (len(parts) - 1)
    return mean, (variance / len(parts)) ** 0.5


def unit_norms(weight):
    return [sum(v * v for v in row) ** 0.5 for row in weight.reshape(len(weight), -1)]


def incoming_norm_constant(weight):
    found = unit_norms(weight)
    return max(found) * len(found) ** 0.5 / sum(norm**2 for norm in found) ** 0.5


def incoming_ratios(weight):
    """Norms of the units over their average, largest first."""
    found = sorted(unit_norms(weight), reverse=True)
    return [norm * len(found) / sum(found) for norm in found]
