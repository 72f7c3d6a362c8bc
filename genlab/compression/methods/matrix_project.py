"""Matrix-Project: a layer's matrix as its inner products with random matrices of signs."""

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field

from genlab.compression.registry import compressor
from genlab.compression.sign_projection import SignProducts, products_for, products_of_accuracy, projected
from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.errors import UsageError


@compressor(
    paper="Arora, Ge, Neyshabur and Zhang 2018, arXiv:1802.05296, Algorithm 1",
    form=SignProducts,
    one_of=("k", "share", "eps"),
    example={"share": [0.5, 0.1]},
)
def matrix_project(
    layers: Mapping[str, WeightModule],
    generator: torch.Generator,
    *,
    k: Annotated[int, Field(ge=1)] | None = None,
    share: Annotated[float, Field(gt=0, le=1)] | None = None,
    eps: Annotated[float, Field(gt=0)] | None = None,
    eta: Annotated[float, Field(gt=0, lt=1)] = 0.05,
) -> dict[str, CompressedLayer]:
    r"""Each layer's matrix as k inner products with random matrices of signs, which are made again from a seed.

    A' = (1/k) \sum_l <A, M_l> M_l, where the entries of M_1 ... M_k `[out, in]` are independent and +1 or -1 alike, and
    <A, M> is the sum of the products of their entries. E A' = A, and for u and v that do not know the signs u^T A' v is
    near u^T A v. A' itself is far from A: E |A' - A|_F^2 = (N - 1)/k |A|_F^2 with N weights, so above |A|_F^2 for
    k < N - 1. `genlab.compression.sign_projection.expected_square_error` has the error of an output in closed form.
    Arora et al. 2018 print k = log(1/eta)/eps^2; by `eps` and `eta` it is here 8 ln(1/eta)/eps^2, with which their
    guarantee holds.

    The matrix of a convolution is its kernel reshaped, `[out, in x kernel height x kernel width]`, so all positions of
    the image have the same error: their analysis asks for errors that are independent, as in `matrix_project_conv`.

    The random matrices are not stored and never in memory, nor is more than a block of one. Stored are the k products
    and the biases, 32 bits each, and the seed of a layer, 64 bits, which is no parameter. A layer with no more than k
    weights is stored as it is. It cannot be trained again: each step would take all k N signs.

    Args:
        k: Inner products stored for each layer, 1 or more.
        share: Inner products as a part of each layer's weights.
        eps: Accuracy of u^T A' v in units of |A|_F |u| |v|, from which k follows.
        eta: Probability with which that accuracy may be missed for given u and v; it is used with eps alone.

    Raises:
        UsageError: weights are not finite, or not one of k, share and eps is given.
    """
    if sum(value is not None for value in (k, share, eps)) != 1:
        raise UsageError("matrix_project needs one of k, share and eps")
    result = {}
    for name, layer in layers.items():
        wanted = products_of_accuracy(eps, eta) if eps is not None else None
        count = wanted or products_for(layer.weight.numel(), k=k, share=share, method="matrix_project")
        result[name] = projected(name, layer, count, parts=1, generator=generator)
    return result
