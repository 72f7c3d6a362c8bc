"""The bound on the VC dimension of Bartlett et al. 2019 for piecewise-linear units, as the theorem is written."""

import math

import numpy as np

from tests.references.forward import apply_layer, input_shapes
from tests.references.parameter_counts import own_parameters


def bound(net: list[dict], input_shape: tuple[int, ...], breaks: int) -> float:
    """L + W Lbar log2(4 e p R log2(2 e p R)) with W Lbar = sum of W_i and R = sum of i k_i.

    W_i: parameters of the layers up to the i-th; k_i: units of the i-th; p: breaks of the activation function.
    """
    up_to, sum_of_up_to, weighted_units, layers = 0, 0, 0, 0
    for layer, shape in zip(net, input_shapes(net, input_shape), strict=True):
        if "weight" not in layer:
            continue
        layers += 1
        up_to += own_parameters(layer)
        sum_of_up_to += up_to
        weighted_units += layers * apply_layer(layer, np.zeros(shape)).size
    inner = math.log2(2 * math.e * breaks * weighted_units)
    return layers + sum_of_up_to * math.log2(4 * math.e * breaks * weighted_units * inner)
