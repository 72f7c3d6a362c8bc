"""Sums over layers of squared norms and of squared distances from initialisation, batch norm folded, no biases.

Raw complexities: Jiang et al. 2020 go on to sqrt(value / m), m the number of training images, which changes no order
among nets trained on as many. None is invariant under rescaling of consecutive layers; all are under permutation of
hidden units. Equation numbers are those given in public code and from memory.
"""

import math

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import Value, measure
from genlab.measures.distances import frobenius_distance
from genlab.measures.norms import frobenius_norm
from genlab.models.traversal import WeightLayer

JIANG = "Jiang et al. 2020, arXiv:1912.02178"


@measure(paper=JIANG, equation="(42), parameter norm", unit="1", cost="weights")
def sum_squared_frobenius_norms(weight_layers: list[WeightLayer]) -> float:
    """sum_i ||W_i||_F^2 over the layers: the squared Euclidean norm of all weights, each of a kernel counted once."""
    return math.fsum(norm**2 for norm in frobenius_norm(weight_layers).values())


@measure(paper=JIANG, equation="(40), distance from initialisation", unit="1", cost="weights")
def sum_squared_frobenius_distances(
    weight_layers: list[WeightLayer], initial_weight_layers: list[WeightLayer]
) -> float:
    """sum_i ||W_i - W_i^0||_F^2 over the layers, W^0 the weights at initialisation."""
    return math.fsum(norm**2 for norm in frobenius_distance(weight_layers, initial_weight_layers).values())


@measure(paper=JIANG, equation="the root of (42)", unit="1", cost="weights")
def weight_norm(weight_layers: list[WeightLayer]) -> float:
    """Euclidean norm of all weights as one vector: the root of `sum_squared_frobenius_norms`. No biases."""
    return math.sqrt(sum_squared_frobenius_norms(weight_layers))


@measure(paper=JIANG, equation="the root of (40)", unit="1", cost="weights")
def weight_distance(weight_layers: list[WeightLayer], initial_weight_layers: list[WeightLayer]) -> float:
    """Euclidean distance of all weights from initialisation: the root of `sum_squared_frobenius_distances`."""
    return math.sqrt(sum_squared_frobenius_distances(weight_layers, initial_weight_layers))


@measure(paper=JIANG, equation="(41), distance in spectral norm", unit="1", cost="weights")
def sum_squared_spectral_distances_kernel(kernel_distances: dict[str, float]) -> float:
    """sum_i ||W_i - W_i^0||_2^2, a convolution as its reshaped kernel. Exact.

    Args:
        kernel_distances: ||W_i - W_i^0||_2 by layer.
    """
    return math.fsum(norm**2 for norm in kernel_distances.values())


@measure(paper=JIANG, equation="(41), distance in spectral norm", unit="1", cost="weights")
def sum_squared_spectral_distances_operator(operator_distances: dict[str, SingularValue]) -> Value:
    """sum_i ||W_i - W_i^0||_2^2, a convolution as the operator at its map size, stride and zero padding.

    `residual` is 2 sum_i ||W_i - W_i^0||_2 residual_i, `iterations` the sum over the layers.

    Args:
        operator_distances: ||W_i - W_i^0||_2 by layer.
    """
    found = operator_distances.values()
    value = math.fsum(norm.value**2 for norm in found)
    return Value.of_singular_values(value, 2 * math.fsum(norm.value * norm.residual for norm in found), found)
