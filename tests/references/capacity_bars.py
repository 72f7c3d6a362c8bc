"""The bars of Arora et al. 2018, Figure 4, layer by layer and image by image, nothing in logarithms.

A net is a list of dicts as in `tests.references.forward`, without batch norm; gamma is the margin.
"""

import math

import numpy as np

from tests.references import cushions, norms
from tests.references.margins import percentile


def l1_inf(weights: list[np.ndarray], gamma: float) -> float:
    """(1/gamma^2) times the product of ||A||_{1,inf}."""
    return math.prod(norms.l1_inf(weight) for weight in weights) / gamma**2


def frobenius(weights: list[np.ndarray], gamma: float) -> float:
    """(1/gamma^2) times the product of ||A||_F^2."""
    return math.prod(norms.frobenius(weight) ** 2 for weight in weights) / gamma**2


def spec_l12(weights: list[np.ndarray], spectral: list[float], gamma: float) -> float:
    """(1/gamma^2) prod ||A||_2^2 sum ||A||_{1,2}^2 / ||A||_2^2, the inner norm over what enters a unit."""
    total = sum(norms.pq(weight, 2, 1) ** 2 / s**2 for weight, s in zip(weights, spectral, strict=True))
    return math.prod(s**2 for s in spectral) * total / gamma**2


def spec_fro(weights: list[np.ndarray], spectral: list[float], gamma: float) -> float:
    """(1/gamma^2) prod ||A||_2^2 sum h ||A||_F^2 / ||A||_2^2 with h units in the layer."""
    total = sum(len(w) * norms.frobenius(w) ** 2 / s**2 for w, s in zip(weights, spectral, strict=True))
    return math.prod(s**2 for s in spectral) * total / gamma**2


def effective_parameters(
    net: list[dict], images: list[np.ndarray], few: list[np.ndarray], worse: float
) -> dict[str, float]:
    """beta^2 c^2 ceil(kappa/s)^2 / (mu^2 mu_->^2) of each layer.

    Args:
        images: of which mu and c are.
        few: of which Jacobians are.
        worse: percent of the images that are worse than what is taken.
    """
    whole = [cushions.inputs_of_all(net, image) for image in images]
    part = [cushions.inputs_of_all(net, image) for image in few]
    layers = cushions.positions(net)
    return {net[i]["name"]: _effective(net, i, layers, whole, part, worse) for i in layers}


def _effective(net, i, layers, whole, part, worse) -> float:
    layer, later = net[i], [j for j in layers if j > i]
    mu = percentile([cushions.layer_cushion(layer, inputs[i]) for inputs in whole], worse)
    onward, c, beta, steps = 1 / math.sqrt(len(layer["weight"])), 1.0, 1.0, 1
    if later:
        c = percentile([cushions.contraction(inputs[i + 1]) for inputs in whole], 100 - worse)
        matrices = [[cushions.jacobian(net, i, j, inputs) for j in later] for inputs in part]
        least = [
            min(cushions.interlayer_cushion(matrix, inputs[i + 1]) for matrix in ones)
            for ones, inputs in zip(matrices, part, strict=True)
        ]
        onward = min(onward, percentile(least, worse))
        spread = [
            max(cushions.spread(matrix, inputs[i + 1].shape) for matrix in ones)
            for ones, inputs in zip(matrices, part, strict=True)
        ]
        beta = percentile(spread, 100 - worse)
    if layer["kind"] == "conv":
        steps = math.ceil(layer["weight"].shape[2] / layer["stride"]) ** 2
    return beta**2 * c**2 * steps / (mu**2 * onward**2)


def arora(parameters: dict[str, float], outputs: np.ndarray, gamma: float) -> float:
    """(1/gamma^2) max ||f(x)||^2 sum of effective parameters; outputs `[n, classes]`."""
    largest = max(cushions.length(row) for row in outputs)
    return largest**2 * sum(parameters.values()) / gamma**2
