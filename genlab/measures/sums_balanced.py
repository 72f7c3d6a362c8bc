"""The least that the sum over layers of squared norms can be made by rescaling layers: d (prod_i ||W_i||^2)^(1/d).

Multiplying ReLU layers by factors whose product is 1 leaves the net's function alone, and the sum of the d squared
norms is then least where all are equal (the arithmetic and the geometric mean). Jiang et al. 2020 call it the sum of
spectral (Frobenius) norms. Over the margin, prod_i ||W_i||^2 / gamma^2 stands in the place of the product, gamma the
10th percentile of the training margins. All are natural logarithms of the raw complexity: the authors of public code
go on to sqrt(value / m) for m training images. Batch norm is folded, biases do not count.

Invariant under rescaling of consecutive ReLU layers and under permutation of hidden units.
"""

import math
from collections.abc import Mapping

from torch import Tensor

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import Value, measure
from genlab.measures.margins import log_squared_margin
from genlab.measures.norms import frobenius_norm, spectral_norm_kernel
from genlab.measures.products import log_spectral_norm_operator, log_squared_product
from genlab.models.traversal import WeightLayer

JIANG = "Jiang et al. 2020, arXiv:1912.02178"


@measure(paper=JIANG, equation="sum of Frobenius norms", unit="log", cost="weights")
def log_balanced_sum_frobenius(weight_layers: list[WeightLayer]) -> float:
    """ln( d (prod_i ||W_i||_F^2)^(1/d) ) for d layers."""
    return log_balanced_sum(frobenius_norm(weight_layers))


@measure(paper=JIANG, equation="sum of Frobenius norms over the margin", unit="log", cost="pass")
def log_balanced_sum_frobenius_over_margin_10(weight_layers: list[WeightLayer], margins: Tensor) -> float:
    """ln( d (prod_i ||W_i||_F^2 / gamma^2)^(1/d) ) for d layers."""
    return log_balanced_sum(frobenius_norm(weight_layers), log_squared_margin(margins, 10))


@measure(paper=JIANG, equation="sum of spectral norms", unit="log", cost="weights")
def log_balanced_sum_spectral_kernel(spectra: dict[str, Tensor]) -> float:
    """ln( d (prod_i ||W_i||_2^2)^(1/d) ) for d layers, a convolution as its reshaped kernel."""
    return log_balanced_sum(spectral_norm_kernel(spectra))


@measure(paper=JIANG, equation="sum of spectral norms over the margin", unit="log", cost="pass")
def log_balanced_sum_spectral_kernel_over_margin_10(spectra: dict[str, Tensor], margins: Tensor) -> float:
    """ln( d (prod_i ||W_i||_2^2 / gamma^2)^(1/d) ) for d layers, a convolution as its reshaped kernel."""
    return log_balanced_sum(spectral_norm_kernel(spectra), log_squared_margin(margins, 10))


@measure(paper=JIANG, equation="sum of spectral norms", unit="log", cost="weights")
def log_balanced_sum_spectral_operator(operator_norms: dict[str, SingularValue]) -> Value:
    """ln( d (prod_i ||W_i||_2^2)^(1/d) ) for d layers, a convolution as the operator at its map size.

    `residual` is that of `log_spectral_norm_operator` over d.
    """
    return _of_operators(operator_norms, 0.0)


@measure(paper=JIANG, equation="sum of spectral norms over the margin", unit="log", cost="pass")
def log_balanced_sum_spectral_operator_over_margin_10(
    operator_norms: dict[str, SingularValue], margins: Tensor
) -> Value:
    """ln( d (prod_i ||W_i||_2^2 / gamma^2)^(1/d) ) for d layers, a convolution as the operator at its map size.

    `residual` is that of `log_spectral_norm_operator` over d.
    """
    return _of_operators(operator_norms, log_squared_margin(margins, 10))


def log_balanced_sum(norms: Mapping[str, float], log_divisor: float = 0.0) -> float:
    """ln d + (1/d) (2 sum_i ln norm_i - log_divisor) for d norms.

    Raises:
        NotApplicable: a norm is zero.
    """
    depth = len(norms)
    return math.log(depth) + (log_squared_product(norms) - log_divisor) / depth


def _of_operators(norms: Mapping[str, SingularValue], log_divisor: float) -> Value:
    value = log_balanced_sum({name: found.value for name, found in norms.items()}, log_divisor)
    residual = log_spectral_norm_operator(dict(norms)).residual or 0.0
    return Value.of_singular_values(value, residual / len(norms), norms.values())
