"""Distances of each layer's weights from initialisation, batch norm folded on both sides, biases left out.

The kernel of a convolution is taken as the matrix `[out, in kh kw]` but for `spectral_distance_operator`.
"""

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import Value, measure
from genlab.measures.inputs.differences import differences
from genlab.measures.norms import matrix_norm
from genlab.models.traversal import WeightLayer

BARTLETT = "Bartlett et al. 2017, arXiv:1706.08498"
JIANG = "Jiang et al. 2020, arXiv:1912.02178"


@measure(paper=JIANG, equation="(40), one layer, without the square", unit="1", cost="weights")
def frobenius_distance(weight_layers: list[WeightLayer], initial_weight_layers: list[WeightLayer]) -> dict[str, float]:
    """||W_i - W_i^0||_F of each layer, W^0 the weights at initialisation."""
    return {
        layer.name: matrix_norm(difference.flatten(1), 2, 2)
        for layer, difference in differences(weight_layers, initial_weight_layers)
    }


@measure(paper=JIANG, equation="(41), one layer, without the square", unit="1", cost="weights")
def spectral_distance_kernel(kernel_distances: dict[str, float]) -> dict[str, float]:
    """Largest singular value of W_i - W_i^0 of each layer, a convolution as its reshaped kernel. Exact.

    Args:
        kernel_distances: by layer.
    """
    return dict(kernel_distances)


@measure(paper=JIANG, equation="(41), one layer, without the square", unit="1", cost="weights")
def spectral_distance_operator(operator_distances: dict[str, SingularValue]) -> dict[str, Value]:
    """Largest singular value of W_i - W_i^0 as a linear map, at the layer's map size, stride and zero padding.

    Exact or by Lanczos, with the residual, as `spectral_norm_operator`.

    Args:
        operator_distances: by layer.
    """
    return {name: Value.of_singular_value(found) for name, found in operator_distances.items()}


@measure(paper=BARTLETT, equation="(1.2), one layer", unit="1", cost="weights")
def pq_distance(
    weight_layers: list[WeightLayer], initial_weight_layers: list[WeightLayer], p: float = 2.0, q: float = 1.0
) -> dict[str, float]:
    """(p,q) norm of W_i - W_i^0 of each layer: p over the inputs of a unit, q over the units, as `pq_norm`.

    In the paper's notation ||W_i^T - M_i^T||_{p,q} with the reference M_i at initialisation.

    Args:
        p: of the inner norm, > 0; `inf` is the maximum.
        q: of the outer norm, > 0; `inf` is the maximum.
    """
    return {
        layer.name: matrix_norm(difference.flatten(1), p, q)
        for layer, difference in differences(weight_layers, initial_weight_layers)
    }
