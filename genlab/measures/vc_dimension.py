"""A bound on the VC dimension of the class of nets of one architecture."""

import math

from genlab.measures.computing.registry import measure
from genlab.models.traversal import WeightLayer

BARTLETT = "Bartlett et al. 2019, JMLR 20(63)"


@measure(
    paper=BARTLETT, equation="Theorem 7 for piecewise-linear units, as in Jiang et al. 2020", unit="1", cost="weights"
)
def vc_dimension_bound(piecewise_linear_layers: list[WeightLayer], p: int = 1) -> float:
    """d + sum_i (d - i + 1) q_i log2( 4 e p R log2(2 e p R) ), R = sum_i i a_i, for d layers of a_i outputs each.

    q_i is the number of weights and biases of layer i, batch norm folded, those of a kernel counted once; a_i counts
    every position of a map. Depends on the architecture and the size of the images alone. The theorem is for one
    output; the classes are counted as the units of the last layer, as Jiang et al. do. From memory, checked by deriving
    it again (the growth function of polynomials of degree i in q_1 + ... + q_i variables, and the inequality of
    arithmetic and geometric means).

    Departures: the comparisons of max pools are not counted, with which it would be larger; in a net with branches
    layers are numbered in forward order. Jiang et al. restate it with 8 e R and 4 e R (from memory), which is `p` = 2,
    and their own simpler form for convolutions is d log2(6 d n)^3 times the number of weights, not given here.

    Args:
        piecewise_linear_layers: in forward order, of a net whose units are piecewise linear.
        p: breaks of an activation function: 1 for ReLU.
    """
    if p < 1:
        raise ValueError(f"an activation function that is not linear has at least 1 break; p is {p}")
    depth = len(piecewise_linear_layers)
    weighted = units = 0
    for i, layer in enumerate(piecewise_linear_layers, start=1):
        bias = layer.module.bias
        weighted += (depth - i + 1) * (layer.weight.numel() + (0 if bias is None else bias.numel()))
        units += i * math.prod(layer.output_shape)
    breaks = p * units
    return depth + weighted * math.log2(4 * math.e * breaks * math.log2(2 * math.e * breaks))
