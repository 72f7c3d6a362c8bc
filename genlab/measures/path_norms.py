"""Path norms: sums over all paths from an input to an output of the product of the weights on the path.

One forward pass of ones through the net with |w|^p for every weight w sums over all paths at once, each path giving
the product of its own weights. Batch norm is folded first; biases and their paths are left out. The activations are
brought back to a largest value of 1 after every layer and the logarithms of the factors added up, so neither depth nor
the size of the weights overflows or underflows.

An average pool over k cells is a layer of weights 1/k, so it passes sum/k for p = 1 and sum/k^2 for p = 2. A max pool
passes its largest branch (`max_pool="max"`, as the authors' code) or the sum of all (`"sum"`, the definition, in which
the paths through every cell count); "sum" is never smaller. Padded cells lie on no path. Where branches meet, paths
lead on from each: their sums stand side by side where channels are concatenated, and add up in a residual block.
"""

from typing import Literal

from torch import Tensor, nn

from genlab.measures.computing.registry import NotApplicable, measure
from genlab.measures.inputs.capacity_factors import log_factors
from genlab.measures.inputs.path_sums import log_path_sum
from genlab.measures.margins import log_squared_margin
from genlab.models.traversal import chain_modules

NEYSHABUR = "Neyshabur et al. 2017, arXiv:1706.08947"
JIANG = "Jiang et al. 2020, arXiv:1912.02178"
FIGURE = "Section 2.2 and Figure 1"


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="log", cost="weights")
def log_l1_path_norm(
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    max_pool: Literal["max", "sum"] = "max",
    factors: bool = False,
) -> float:
    r"""Natural log of the l1 path norm, \sum_{paths j} \prod_i |W_i[j_i, j_{i-1}]|, over all inputs and outputs.

    The factors 2 of each layer are left out, as in Figure 1, unless `factors` asks for them.

    Args:
        folded_model: without batch norm, weights in float64; not changed.
        input_shape: `[channels, height, width]` of one image.
        max_pool: whether a max pool passes its largest branch or the sum of all.
        factors: whether each weight counts twice, |2 W_i[j_i, j_{i-1}]|.

    Invariant under rescaling of consecutive ReLU layers, unit by unit, and under permutation of hidden units.
    """
    found = log_path_sum(folded_model, input_shape, 1, max_pool)
    return found + _log_factors(folded_model, input_shape, 2, widths=False) if factors else found


@measure(paper=NEYSHABUR, equation=FIGURE, unit="log", cost="pass")
def log_l1_path_norm_over_margin_5(
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    margins: Tensor,
    max_pool: Literal["max", "sum"] = "max",
    factors: bool = False,
) -> float:
    """ln( l1 path norm^2 / gamma^2 ): 2 `log_l1_path_norm` - 2 ln gamma, gamma the 5th percentile of the margins."""
    return 2 * log_l1_path_norm(folded_model, input_shape, max_pool, factors) - log_squared_margin(margins)


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="log", cost="weights")
def log_l2_path_norm(
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    max_pool: Literal["max", "sum"] = "max",
    factors: bool = False,
) -> float:
    r"""Natural log of the l2 path norm, \sum_{paths j} \prod_i W_i[j_i, j_{i-1}]^2, over all inputs and outputs.

    The factors 4 h_i of each layer, which depend on depth and width alone, are left out, as in Figure 1, unless
    `factors` asks for them; h_i is the number of units, or channels, that layer i gives out. No root is taken.

    Args:
        folded_model: without batch norm, weights in float64; not changed.
        input_shape: `[channels, height, width]` of one image.
        max_pool: whether a max pool passes its largest branch or the sum of all.
        factors: whether each squared weight counts 4 h_i times.

    Invariant under rescaling of consecutive ReLU layers, unit by unit, and under permutation of hidden units.
    """
    found = log_path_sum(folded_model, input_shape, 2, max_pool)
    return found + _log_factors(folded_model, input_shape, 4, widths=True) if factors else found


@measure(paper=NEYSHABUR, equation=FIGURE, unit="log", cost="pass")
def log_l2_path_norm_over_margin_5(
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    margins: Tensor,
    max_pool: Literal["max", "sum"] = "max",
    factors: bool = False,
) -> float:
    """ln( l2 path norm / gamma^2 ): `log_l2_path_norm` - 2 ln gamma, gamma the 5th percentile of the margins."""
    return log_l2_path_norm(folded_model, input_shape, max_pool, factors) - log_squared_margin(margins)


@measure(paper=JIANG, equation="path norm over the margin", unit="log", cost="pass")
def log_l2_path_norm_over_margin_10(
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    margins: Tensor,
    max_pool: Literal["max", "sum"] = "max",
) -> float:
    """ln( l2 path norm / gamma^2 ): `log_l2_path_norm` - 2 ln gamma, gamma the 10th percentile of the margins.

    Departs from the authors' code: an average pool over k cells counts 1/k^2 and not 1/k, and biases do not count.
    """
    return log_l2_path_norm(folded_model, input_shape, max_pool) - log_squared_margin(margins, 10)


def _log_factors(model: nn.Module, input_shape: tuple[int, ...], constant: float, *, widths: bool) -> float:
    """Of the layers that paths go through, each as often as they do.

    Raises:
        NotApplicable: paths go through different layers.
    """
    chain = chain_modules(model, input_shape)
    if chain is None:
        raise NotApplicable("the net has branches, and factors of depth and width are of the one way through a chain")
    return log_factors(chain, constant, widths=widths)
