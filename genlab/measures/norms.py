"""Norms of the weights of each layer, batch norm folded, biases left out.

The kernel of a convolution is taken as the matrix `[out, in kh kw]` but for `spectral_norm_operator` and
`spectral_norm_circular`.
"""

import torch
from torch import Tensor

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.models.traversal import WeightLayer

NEYSHABUR = "Neyshabur et al. 2017, arXiv:1706.08947"
BARTLETT = "Bartlett et al. 2017, arXiv:1706.08498"
ARORA = "Arora et al. 2018, arXiv:1802.05296"
SEDGHI = "Sedghi et al. 2019, arXiv:1805.10408"


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="1", cost="weights")
def frobenius_norm(weight_layers: list[WeightLayer]) -> dict[str, float]:
    """||W_i||_F of each layer: the root of the sum of squared weights, each weight of a kernel counted once."""
    return {layer.name: matrix_norm(layer.matrix, 2, 2) for layer in weight_layers}


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="1", cost="weights")
def spectral_norm_kernel(spectra: dict[str, Tensor]) -> dict[str, float]:
    """Largest singular value of each layer's matrix, a convolution as its reshaped kernel `[out, in kh kw]`.

    For a linear layer the operator norm; for a convolution another quantity than `spectral_norm_operator`, by no
    constant factor. Exact.

    Args:
        spectra: all singular values by layer, largest first.
    """
    return {name: float(values[0]) for name, values in spectra.items()}


@measure(paper=ARORA, equation="Section 1, what the rank is where singular values decay", unit="1", cost="weights")
def stable_rank_kernel(weight_layers: list[WeightLayer], spectra: dict[str, Tensor]) -> dict[str, float]:
    """||W||_F^2 / ||W||_2^2 of each layer's matrix, a convolution as its reshaped kernel; from 1 to its rank.

    The number of singular values as large as the largest one that would give the same Frobenius norm. Unchanged by
    scaling the layer.

    Args:
        spectra: all singular values by layer, largest first.

    Raises:
        NotApplicable: all weights of a layer are zero.
    """
    found = {}
    for layer in weight_layers:
        relative = spectra[layer.name] / spectra[layer.name][0]
        if not spectra[layer.name][0] > 0:
            raise NotApplicable(f"all weights of layer {layer.name} are zero")
        found[layer.name] = float(relative.square().sum())
    return found


@measure(paper=SEDGHI, equation="Section 2", unit="1", cost="weights")
def spectral_norm_operator(operator_norms: dict[str, SingularValue]) -> dict[str, Value]:
    """Largest singular value of each layer as a linear map: a convolution at its own map size, stride, zero padding.

    Departs from the paper, whose Fourier transform is exact for circular padding and stride 1 alone. Linear layers and
    small convolutions are exact (iterations 0); else Lanczos, with `residual` = ||A^T u - value v||: some singular
    value lies that close, at most 1e-10 relative if converged.

    Args:
        operator_norms: by layer.
    """
    return {name: Value.of_singular_value(found) for name, found in operator_norms.items()}


@measure(paper=SEDGHI, equation="Theorem 6", unit="1", cost="weights")
def spectral_norm_circular(circular_norms: dict[str, float]) -> dict[str, float]:
    """Largest singular value of each layer as a linear map on a map with joined edges (circular padding). Exact.

    The published form, which is exact for circular padding only; for the zero padding of the layers themselves see
    `spectral_norm_operator`, which differs by no constant factor. At the layer's own map size, not the image's, and
    with its stride; a linear layer is its matrix.

    Args:
        circular_norms: by layer.
    """
    return dict(circular_norms)


@measure(paper=BARTLETT, equation="(1.2), one layer without the reference", unit="1", cost="weights")
def pq_norm(weight_layers: list[WeightLayer], p: float = 2.0, q: float = 1.0) -> dict[str, float]:
    """(p,q) norm of each layer: the p-norm over the inputs of each unit, then the q-norm over the units.

    (sum_k (sum_j |W[k,j]|^p)^(q/p))^(1/q) for W `[out, rest]`: in the paper's notation, whose inner norm is over
    columns, ||W^T||_{p,q}. With p = 2, q = 1 the one of the paper's bound.

    Args:
        p: of the inner norm, > 0; `inf` is the maximum.
        q: of the outer norm, > 0; `inf` is the maximum.
    """
    return {layer.name: matrix_norm(layer.matrix, p, q) for layer in weight_layers}


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="1", cost="weights")
def l1_inf_norm(weight_layers: list[WeightLayer]) -> dict[str, float]:
    """||W_i||_{1,inf} of each layer: the largest l1 norm of the weights into one unit, max_k sum_j |W[k,j]|."""
    return {layer.name: matrix_norm(layer.matrix, 1, torch.inf) for layer in weight_layers}


def matrix_norm(matrix: Tensor, p: float, q: float) -> float:
    """The p-norm of each row of a matrix, then the q-norm of these.

    Raises:
        ValueError: p or q is not positive.
    """
    if not (p > 0 and q > 0):
        raise ValueError(f"p and q of a (p,q) norm are positive; these are {p:g} and {q:g}")
    largest = matrix.abs().amax()
    if largest == 0:
        return 0.0
    # With the largest weight at 1 no power overflows.
    rows = torch.linalg.vector_norm(matrix / largest, ord=p, dim=1)
    return float(torch.linalg.vector_norm(rows, ord=q) * largest)
