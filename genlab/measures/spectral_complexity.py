"""The bounds of Bartlett et al. 2017 and Neyshabur et al. 2018 as Jiang et al. 2020 rank nets by them.

prod_i ||W_i||_2^2 times the sum over layers of squared Frobenius norms (of the weights, "origin", or of what training
added to them, "init") over squared spectral norms, divided by the squared margin gamma, the 10th percentile of the
training margins. Natural logarithms of the raw complexity: Jiang et al. go on to sqrt(value / m) for m training images.
Factors of depth and width are left out, as in the public code. Batch norm is folded, biases do not count.

`_kernel` takes the spectral norm of a convolution from its reshaped kernel, `_operator` from the linear map at the
layer's map size, stride and zero padding; the Frobenius norms are those of the kernels in both.
"""

import math
from collections.abc import Mapping

from torch import Tensor

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.distances import frobenius_distance
from genlab.measures.margins import log_squared_margin
from genlab.measures.norms import frobenius_norm, spectral_norm_kernel
from genlab.measures.products import log_spectral_norm_operator, log_squared_product
from genlab.models.traversal import WeightLayer

JIANG = "Jiang et al. 2020, arXiv:1912.02178"


@measure(paper=JIANG, equation="spectral complexity, init (main)", unit="log", cost="pass")
def log_spectral_init_kernel_over_margin_10(
    weight_layers: list[WeightLayer],
    initial_weight_layers: list[WeightLayer],
    spectra: dict[str, Tensor],
    margins: Tensor,
) -> float:
    """ln( prod_i ||W_i||_2^2 sum_j ||W_j - W_j^0||_F^2 / ||W_j||_2^2 / gamma^2 ), convolutions as reshaped kernels.

    Invariant under permutation of hidden units, not under rescaling of layers.
    """
    distances, norms = frobenius_distance(weight_layers, initial_weight_layers), spectral_norm_kernel(spectra)
    return log_squared_product(norms) + log_ratio_sum(distances, norms) - log_squared_margin(margins, 10)


@measure(paper=JIANG, equation="spectral complexity, init (main)", unit="log", cost="pass")
def log_spectral_init_operator_over_margin_10(
    weight_layers: list[WeightLayer],
    initial_weight_layers: list[WeightLayer],
    operator_norms: dict[str, SingularValue],
    margins: Tensor,
) -> Value:
    """ln( prod_i ||W_i||_2^2 sum_j ||W_j - W_j^0||_F^2 / ||W_j||_2^2 / gamma^2 ), convolutions as operators.

    `residual` as in `log_spectral_orig_operator_over_margin_10`. Invariant under permutation of hidden units, not under
    rescaling of layers.
    """
    return _of_operators(frobenius_distance(weight_layers, initial_weight_layers), operator_norms, margins)


@measure(paper=JIANG, equation="spectral complexity, origin (main)", unit="log", cost="pass")
def log_spectral_orig_kernel_over_margin_10(
    weight_layers: list[WeightLayer], spectra: dict[str, Tensor], margins: Tensor
) -> float:
    """ln( prod_i ||W_i||_2^2 sum_j ||W_j||_F^2 / ||W_j||_2^2 / gamma^2 ), convolutions as reshaped kernels.

    Invariant under rescaling of consecutive ReLU layers and under permutation of hidden units.
    """
    norms = spectral_norm_kernel(spectra)
    ratios = log_ratio_sum(frobenius_norm(weight_layers), norms)
    return log_squared_product(norms) + ratios - log_squared_margin(margins, 10)


@measure(paper=JIANG, equation="spectral complexity, origin (main)", unit="log", cost="pass")
def log_spectral_orig_operator_over_margin_10(
    weight_layers: list[WeightLayer], operator_norms: dict[str, SingularValue], margins: Tensor
) -> Value:
    """ln( prod_i ||W_i||_2^2 sum_j ||W_j||_F^2 / ||W_j||_2^2 / gamma^2 ), convolutions as operators.

    `residual` is 2 sum_i residual_i / ||W_i||_2 for the product and twice the largest of these for the sum.
    Invariant under rescaling of consecutive ReLU layers and under permutation of hidden units.
    """
    return _of_operators(frobenius_norm(weight_layers), operator_norms, margins)


@measure(paper=JIANG, equation="Frobenius over spectral norm", unit="1", cost="weights")
def frobenius_over_spectral_kernel(weight_layers: list[WeightLayer], spectra: dict[str, Tensor]) -> float:
    """sum_j ||W_j||_F^2 / ||W_j||_2^2: the stable ranks of the layers' matrices, kernels reshaped, added up.

    At least the number of layers. Invariant under rescaling and under permutation of hidden units.
    """
    norms = spectral_norm_kernel(spectra)
    return math.exp(log_ratio_sum(frobenius_norm(weight_layers), norms))


@measure(paper=JIANG, equation="Frobenius over spectral norm", unit="1", cost="weights")
def frobenius_over_spectral_operator(
    weight_layers: list[WeightLayer], operator_norms: dict[str, SingularValue]
) -> Value:
    """sum_j ||W_j||_F^2 / ||W_j||_2^2, a convolution's spectral norm that of the operator, F that of its kernel.

    Not a sum of stable ranks: the operator's own Frobenius norm counts each weight once a position. `residual` is
    2 sum_j (||W_j||_F^2 / ||W_j||_2^2) residual_j / ||W_j||_2. Invariant under rescaling and permutation.
    """
    frobenius, norms = frobenius_norm(weight_layers), _values(operator_norms)
    value = math.exp(log_ratio_sum(frobenius, norms))
    residual = 2 * math.fsum(
        (frobenius[name] / found.value) ** 2 * found.residual / found.value for name, found in operator_norms.items()
    )
    return Value.of_singular_values(value, residual, operator_norms.values())


def _of_operators(numerators: Mapping[str, float], norms: dict[str, SingularValue], margins: Tensor) -> Value:
    product = log_spectral_norm_operator(norms)
    value = product.value + log_ratio_sum(numerators, _values(norms)) - log_squared_margin(margins, 10)
    largest = max(found.residual / found.value for found in norms.values())
    return Value.of_singular_values(value, (product.residual or 0.0) + 2 * largest, norms.values())


def log_ratio_sum(numerators: Mapping[str, float], denominators: Mapping[str, float]) -> float:
    """ln sum_j (numerator_j / denominator_j)^2 over the layers.

    Raises:
        NotApplicable: a denominator is zero, or every numerator is.
    """
    for name, norm in denominators.items():
        if norm == 0:
            raise NotApplicable(f"layer {name} has norm 0, and nothing can be divided by it")
    total = math.fsum((numerators[name] / norm) ** 2 for name, norm in denominators.items())
    if total == 0:
        raise NotApplicable("every layer is where it began, so the sum is 0 and has no logarithm")
    return math.log(total)


def _values(norms: Mapping[str, SingularValue]) -> dict[str, float]:
    return {name: found.value for name, found in norms.items()}
