"""Products over layers of squared norms, as natural logarithms, plain and divided by the squared margin.

Neyshabur et al. 2017 compare networks by product / gamma^2 (Figure 1); factors that depend on depth or width alone are
left out, as there: 4 a layer of the l2 norm, h_i a layer of the spectral norm. The l2 norm and the spectral norm of the
kernel have them with `factors`, which makes them the capacities of the text; see `capacity_factors` for h_i. Biases do
not count, batch norm is folded, gamma is the percentile of the training margins in which the name ends: the 5th for
Neyshabur et al., the 10th for Jiang et al. 2020, whose further sqrt(value / m) for m training images is left out. All
are invariant under rescaling of consecutive ReLU layers by one factor and under permutation of hidden units, but not
under rescaling unit by unit.

Of a net with branches each is the product over all of its layers all the same, as public code has it. There it is the
size of no path and no bound, and a layer whose output several others take cannot be rescaled without changing it: such
nets are compared by path norms and by norms of layers.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.inputs.capacity_factors import log_factors
from genlab.measures.margins import log_squared_margin
from genlab.measures.norms import frobenius_norm, l1_inf_norm, spectral_norm_kernel
from genlab.models.traversal import WeightLayer

NEYSHABUR = "Neyshabur et al. 2017, arXiv:1706.08947"
JIANG = "Jiang et al. 2020, arXiv:1912.02178"
FIGURE = "Section 2.2 and Figure 1"


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="log", cost="weights")
def log_l2_norm(weight_layers: list[WeightLayer], factors: bool = False) -> float:
    """ln prod_i ||W_i||_F^2 over the layers; with `factors` ln prod_i 4 ||W_i||_F^2.

    Args:
        factors: whether the factor 4 of each layer counts, which Figure 1 leaves out.
    """
    product = log_squared_product(frobenius_norm(weight_layers))
    return product + _log_factors(weight_layers, 4, widths=False) if factors else product


@measure(paper=NEYSHABUR, equation=FIGURE, unit="log", cost="pass")
def log_l2_norm_over_margin_5(weight_layers: list[WeightLayer], margins: Tensor, factors: bool = False) -> float:
    """ln( prod_i ||W_i||_F^2 / gamma^2 ): `log_l2_norm` - 2 ln gamma.

    Args:
        factors: whether the factor 4 of each layer counts, which Figure 1 leaves out.
    """
    return log_l2_norm(weight_layers, factors) - log_squared_margin(margins)


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="log", cost="weights")
def log_l1_inf_norm(weight_layers: list[WeightLayer]) -> float:
    """ln prod_i ||W_i||_{1,inf}^2, the norm being the largest l1 norm of the weights into one unit."""
    return log_squared_product(l1_inf_norm(weight_layers))


@measure(paper=NEYSHABUR, equation=FIGURE, unit="log", cost="pass")
def log_l1_inf_norm_over_margin_5(weight_layers: list[WeightLayer], margins: Tensor) -> float:
    """ln( prod_i ||W_i||_{1,inf}^2 / gamma^2 ): `log_l1_inf_norm` - 2 ln gamma."""
    return log_l1_inf_norm(weight_layers) - log_squared_margin(margins)


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="log", cost="weights")
def log_spectral_norm_kernel(
    spectra: dict[str, Tensor], weight_layers: list[WeightLayer], factors: bool = False
) -> float:
    """ln prod_i ||W_i||_2^2 with a convolution as its reshaped kernel; with `factors` ln prod_i h_i ||W_i||_2^2.

    Args:
        factors: whether the factor h_i of each layer counts, its units or output channels; Figure 1 leaves it out.
    """
    product = log_squared_product(spectral_norm_kernel(spectra))
    return product + _log_factors(weight_layers, 1, widths=True) if factors else product


@measure(paper=NEYSHABUR, equation=FIGURE, unit="log", cost="pass")
def log_spectral_norm_kernel_over_margin_5(
    spectra: dict[str, Tensor], weight_layers: list[WeightLayer], margins: Tensor, factors: bool = False
) -> float:
    """ln( prod_i ||W_i||_2^2 / gamma^2 ): `log_spectral_norm_kernel` - 2 ln gamma.

    Args:
        factors: whether the factor h_i of each layer counts, its units or output channels; Figure 1 leaves it out.
    """
    return log_spectral_norm_kernel(spectra, weight_layers, factors) - log_squared_margin(margins)


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="log", cost="weights")
def log_spectral_norm_operator(operator_norms: dict[str, SingularValue]) -> Value:
    """ln prod_i ||W_i||_2^2 with a convolution as the operator at its map size. The factors h_i are left out.

    `residual` is 2 sum_i residual_i / ||W_i||_2, `iterations` the sum over the layers; converged if every layer is.
    """
    found = operator_norms.values()
    value = log_squared_product({name: norm.value for name, norm in operator_norms.items()})
    return Value.of_singular_values(value, 2 * sum(norm.residual / norm.value for norm in found), found)


@measure(paper=NEYSHABUR, equation=FIGURE, unit="log", cost="pass")
def log_spectral_norm_operator_over_margin_5(operator_norms: dict[str, SingularValue], margins: Tensor) -> Value:
    """ln( prod_i ||W_i||_2^2 / gamma^2 ): `log_spectral_norm_operator` - 2 ln gamma, with the same residual."""
    product = log_spectral_norm_operator(operator_norms)
    return replace(product, value=product.value - log_squared_margin(margins))


@measure(paper=JIANG, equation="product of Frobenius norms over the margin", unit="log", cost="pass")
def log_l2_norm_over_margin_10(weight_layers: list[WeightLayer], margins: Tensor) -> float:
    """ln( prod_i ||W_i||_F^2 / gamma^2 ), gamma the 10th percentile of the margins."""
    return log_l2_norm(weight_layers) - log_squared_margin(margins, 10)


@measure(paper=JIANG, equation="product of spectral norms over the margin", unit="log", cost="pass")
def log_spectral_norm_kernel_over_margin_10(spectra: dict[str, Tensor], margins: Tensor) -> float:
    """ln( prod_i ||W_i||_2^2 / gamma^2 ), kernels reshaped, gamma the 10th percentile of the margins."""
    return log_squared_product(spectral_norm_kernel(spectra)) - log_squared_margin(margins, 10)


@measure(paper=JIANG, equation="product of spectral norms over the margin", unit="log", cost="pass")
def log_spectral_norm_operator_over_margin_10(operator_norms: dict[str, SingularValue], margins: Tensor) -> Value:
    """ln( prod_i ||W_i||_2^2 / gamma^2 ), operators, gamma the 10th percentile of the margins; residual as above."""
    product = log_spectral_norm_operator(operator_norms)
    return replace(product, value=product.value - log_squared_margin(margins, 10))


@measure(paper=JIANG, equation="product of spectral norms, by Fourier transform", unit="log", cost="weights")
def log_spectral_norm_circular(circular_norms: dict[str, float]) -> float:
    """ln prod_i ||W_i||_2^2 with a convolution as the operator with circular padding. Exact."""
    return log_squared_product(circular_norms)


@measure(
    paper=JIANG, equation="product of spectral norms over the margin, by Fourier transform", unit="log", cost="pass"
)
def log_spectral_norm_circular_over_margin_10(circular_norms: dict[str, float], margins: Tensor) -> float:
    """ln( prod_i ||W_i||_2^2 / gamma^2 ), circular padding, gamma the 10th percentile of the margins. Exact."""
    return log_spectral_norm_circular(circular_norms) - log_squared_margin(margins, 10)


def _log_factors(weight_layers: list[WeightLayer], constant: float, *, widths: bool) -> float:
    return log_factors((layer.module for layer in weight_layers), constant, widths=widths)


def log_squared_product(norms: Mapping[str, float]) -> float:
    """2 sum_i ln norm_i.

    Raises:
        NotApplicable: a norm is zero.
    """
    for name, norm in norms.items():
        if norm == 0:
            raise NotApplicable(f"layer {name} has norm 0, so the product is 0 and has no logarithm")
    return 2 * sum(math.log(norm) for norm in norms.values())
