"""Each filter of a layer as its inner products with random signs of its own."""

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field

from genlab.compression.registry import compressor
from genlab.compression.sign_projection import SignProducts, products_for, projected
from genlab.compression.structure import CompressedLayer, WeightModule


@compressor(
    paper="after Arora, Ge, Neyshabur and Zhang 2018, arXiv:1802.05296, Algorithm 1, row by row",
    form=SignProducts,
    one_of=("k", "share"),
    example={"share": [0.5, 0.1]},
)
def filter_project(
    layers: Mapping[str, WeightModule],
    generator: torch.Generator,
    *,
    k: Annotated[int, Field(ge=1)] | None = None,
    share: Annotated[float, Field(gt=0, le=1)] | None = None,
) -> dict[str, CompressedLayer]:
    r"""Each filter as k inner products with random signs of its own, which are made again from a seed.

    A filter is a row a of the layer's matrix, the weights of one output unit or channel, and becomes
    a' = (1/k) \sum_l <a, m_l> m_l with independent signs m_1 ... m_k, others for each filter. It is Matrix-Project of
    each row alone. With as many products in all the error of an output is nearly the same (the closed forms of
    `genlab.compression.sign_projection.expected_square_error` differ by |A x|^2 in place of h |A x|^2 beside
    h |A|_F^2 |x|^2), errors of different filters are independent, and h times fewer signs are drawn.

    Stored are the products and the biases, 32 bits each, and a seed for each layer, 64 bits, which is no parameter. A
    layer whose filters have no more than k weights is stored as it is. It cannot be trained again, as `matrix_project`.

    Args:
        k: Inner products stored for each filter, 1 or more.
        share: Inner products as a part of each filter's weights.

    Raises:
        UsageError: weights are not finite, or not one of k and share is given.
    """
    result = {}
    for name, layer in layers.items():
        filters = layer.weight.shape[0]
        count = products_for(layer.weight.numel() // filters, k=k, share=share, method="filter_project")
        result[name] = projected(name, layer, count, parts=filters, generator=generator)
    return result
