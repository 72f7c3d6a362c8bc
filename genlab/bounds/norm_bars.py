"""Four capacities that are products of norms over the squared margin, as Arora et al. 2018 compare them (Figure 4).

Notation: layer i has the weights A^i, batch norm folded, biases left out, of a convolution the kernel as the matrix
[out, in kh kw]; gamma is a percentile of the training margins. Each is what its theorem puts under the root over the
number m of training images, without m, factors of depth, logarithms and constants. All are the same after rescaling of
consecutive ReLU layers by one factor and after permuting hidden units.
"""

import math
from typing import Literal

from torch import Tensor, nn

from genlab.bounds.conditions import MarginPercent, margin_terms, net_conditions, no_convolutions
from genlab.bounds.registry import bound
from genlab.bounds.terms import Bar, Term, condition, number, product
from genlab.linalg.lanczos import SingularValue
from genlab.measures.norms import frobenius_norm, l1_inf_norm, pq_norm, spectral_norm_kernel
from genlab.measures.products import log_squared_product
from genlab.measures.spectral_complexity import log_ratio_sum
from genlab.models.traversal import WeightLayer

SpectralNorm = Literal["operator", "kernel"]
LEFT_OUT = "1/m for m training images, factors of depth, logarithms, constants"


@bound(
    paper="Bartlett and Mendelson 2002, JMLR 3:463-482; as in Arora et al. 2018, arXiv:1802.05296",
    equation="Figure 4 of Arora et al. 2018",
    formula="norm_product / margin^2",
    left_out=LEFT_OUT,
)
def l1_inf(
    weight_layers: list[WeightLayer],
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    margins: Tensor,
    squared: bool = False,
    margin_percent: MarginPercent = 5.0,
) -> Bar:
    """(1/gamma^2) prod_i ||A^i||_{1,inf}: of each layer the largest l1 norm of the weights into one unit.

    The figure has the norms without a square beside a squared margin, so that scaling all outputs by a divides it by a;
    `squared` has prod_i ||A^i||_{1,inf}^2, which scaling does not change.

    Args:
        squared: whether each norm is squared.
        margin_percent: gamma is this percentile of the training margins.
    """
    norms = l1_inf_norm(weight_layers)
    log = log_squared_product(norms) * (1 if squared else 0.5)
    terms = [product("norm_product", log), *margin_terms(margins, margin_percent)]
    terms += net_conditions(folded_model, weight_layers, input_shape)
    return Bar([*terms, *_by_layer("l1_inf_norm", norms)], {"norm_product": 1, "margin": -2})


@bound(
    paper="Neyshabur et al. 2015, arXiv:1503.00036; as in Arora et al. 2018, arXiv:1802.05296",
    equation="Figure 4 of Arora et al. 2018",
    formula="norm_product / margin^2",
    left_out=LEFT_OUT,
)
def frobenius(
    weight_layers: list[WeightLayer],
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    margins: Tensor,
    margin_percent: MarginPercent = 5.0,
) -> Bar:
    """(1/gamma^2) prod_i ||A^i||_F^2, each weight of a kernel counted once. Unchanged by scaling all outputs.

    Args:
        margin_percent: gamma is this percentile of the training margins.
    """
    norms = frobenius_norm(weight_layers)
    terms = [product("norm_product", log_squared_product(norms)), *margin_terms(margins, margin_percent)]
    terms += [*net_conditions(folded_model, weight_layers, input_shape), no_convolutions(weight_layers)]
    return Bar([*terms, *_by_layer("frobenius_norm", norms)], {"norm_product": 1, "margin": -2})


@bound(
    paper="Bartlett et al. 2017, arXiv:1706.08498; as in Arora et al. 2018, arXiv:1802.05296",
    equation="Figure 4 of Arora et al. 2018",
    formula="norm_product norm_sum / margin^2",
    left_out=f"{LEFT_OUT}, the norm of the images; powers 2/3 and 3 in the sum, and its distance from initialisation",
)
def spec_l12(
    weight_layers: list[WeightLayer],
    spectra: dict[str, Tensor],
    operator_norms: dict[str, SingularValue],
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    margins: Tensor,
    spectral_norm: SpectralNorm = "operator",
    margin_percent: MarginPercent = 5.0,
) -> Bar:
    """(1/gamma^2) prod_i ||A^i||_2^2 sum_i ||A^i||_{1,2}^2 / ||A^i||_2^2. Unchanged by scaling all outputs.

    ||A||_{1,2} is the sum over the units of the l2 norm of the weights into each, Bartlett's ||A^T||_{2,1}: with it the
    bar is at most `spec_fro`, as in the figure.

    Args:
        spectral_norm: of a convolution that of the linear map at its own map size, stride and padding, or of its
            reshaped kernel; the paper does not say which it has.
        margin_percent: gamma is this percentile of the training margins.
    """
    sums = pq_norm(weight_layers, p=2.0, q=1.0)
    terms = [*_spectral_terms(sums, spectral_norm, spectra, operator_norms), *margin_terms(margins, margin_percent)]
    terms += [*net_conditions(folded_model, weight_layers, input_shape), no_convolutions(weight_layers)]
    return Bar([*terms, *_by_layer("l12_norm", sums)], {"norm_product": 1, "norm_sum": 1, "margin": -2})


@bound(
    paper="Neyshabur et al. 2018, arXiv:1707.09564; as in Arora et al. 2018, arXiv:1802.05296",
    equation="Figure 4 of Arora et al. 2018",
    formula="norm_product norm_sum / margin^2",
    left_out=f"{LEFT_OUT}, the norm of the images; the theorem has d^2 h ln(d h) with the largest width h",
)
def spec_fro(
    weight_layers: list[WeightLayer],
    spectra: dict[str, Tensor],
    operator_norms: dict[str, SingularValue],
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    margins: Tensor,
    spectral_norm: SpectralNorm = "operator",
    margin_percent: MarginPercent = 5.0,
) -> Bar:
    """(1/gamma^2) prod_i ||A^i||_2^2 sum_i h_i ||A^i||_F^2 / ||A^i||_2^2. Unchanged by scaling all outputs.

    h_i is the number of units or output channels of layer i.

    Args:
        spectral_norm: see `spec_l12`.
        margin_percent: gamma is this percentile of the training margins.
    """
    norms, widths = frobenius_norm(weight_layers), {layer.name: len(layer.weight) for layer in weight_layers}
    wide = {name: math.sqrt(widths[name]) * norm for name, norm in norms.items()}
    terms = [*_spectral_terms(wide, spectral_norm, spectra, operator_norms), *margin_terms(margins, margin_percent)]
    terms += [*net_conditions(folded_model, weight_layers, input_shape), no_convolutions(weight_layers)]
    terms += [*_by_layer("frobenius_norm", norms), *_by_layer("width", widths)]
    return Bar(terms, {"norm_product": 1, "norm_sum": 1, "margin": -2})


def _spectral_terms(
    numerators: dict[str, float],
    spectral_norm: SpectralNorm,
    spectra: dict[str, Tensor],
    operator_norms: dict[str, SingularValue],
) -> list[Term]:
    """Product and sum, the spectral norms and summands of the layers, and whether the norms have converged."""
    exact = spectral_norm == "kernel"
    norms = spectral_norm_kernel(spectra) if exact else {name: found.value for name, found in operator_norms.items()}
    unconverged = 0 if exact else sum(not found.converged for found in operator_norms.values())
    return [
        product("norm_product", log_squared_product(norms)),
        product("norm_sum", log_ratio_sum(numerators, norms)),
        condition("unconverged", unconverged, "0", holds=unconverged == 0),
        *_by_layer("spectral_norm", norms),
        *_by_layer("summand", {name: (numerators[name] / norm) ** 2 for name, norm in norms.items()}),
    ]


def _by_layer(name: str, values: dict[str, float] | dict[str, int]) -> list[Term]:
    return [number(name, value, layer) for layer, value in values.items()]
