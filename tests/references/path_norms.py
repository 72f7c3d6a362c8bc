"""Path norms: the sum over all paths from an input to an output of the product of |w|^p along the path.

Neyshabur et al. 2017, section 2.2, without factors of depth and width: p = 1 gives the l1 path norm, p = 2 the square
of the l2 path norm. Biases are not weights of paths. Three statements of the same thing: paths one by one (small nets
of linear layers), a product of explicit matrices, and numbers carried from cell to cell.
"""

import math
from decimal import Decimal, localcontext
from itertools import product

import numpy as np

from tests.references.forward import apply_layer, input_shapes
from tests.references.operators import layer_matrix, pooling_matrix


def log_by_enumeration(weights: list[np.ndarray], p: int) -> float:
    """ln of the sum over all paths, one after the other; `weights` are the matrices [out, in] of an MLP, in order."""
    sizes = [weights[0].shape[1], *(len(w) for w in weights)]
    with localcontext() as context:
        context.prec = 50
        total = Decimal(0)
        for path in product(*(range(size) for size in sizes)):
            term = Decimal(1)
            for layer, weight in enumerate(weights):
                term *= abs(Decimal(float(weight[path[layer + 1], path[layer]]))) ** p
            total += term
        return float(total.ln())


def log_by_matrices(net: list[dict], input_shape: tuple[int, ...], p: int) -> float:
    """ln of 1' M_d ... M_2 M_1 1 with M_i the matrix of |w|^p of layer i, a max pool counting every path through it.

    An average pool over k cells weighs each path by 1/k, so by 1/k^p here.
    """
    carried, log_scale = np.ones(math.prod(input_shape)), 0.0
    for layer, shape in zip(net, input_shapes(net, input_shape), strict=True):
        match layer["kind"]:
            case "linear" | "conv":
                matrix = abs(layer_matrix(layer, shape)).power(p)
            case "max_pool":
                matrix = pooling_matrix(shape, layer["size"], 1.0)
            case "average_pool":
                matrix = pooling_matrix(shape, layer["size"], (1 / layer["size"] ** 2) ** p)
            case "relu" | "flatten":
                continue
            case _:
                raise ValueError(f"{layer['kind']} has no place in a path norm; fold it first")
        carried = matrix @ carried
        largest = carried.max()
        carried, log_scale = carried / largest, log_scale + math.log(largest)
    return log_scale + math.log(math.fsum(carried))


def log_with_max_pools(net: list[dict], input_shape: tuple[int, ...], p: int) -> float:
    """ln of the sum over outputs, ones at the input, |w|^p for w, where a max pool passes its largest cell.

    This is not a sum over paths but what the code of Neyshabur's group computes.
    """
    x, log_scale = np.ones(input_shape), 0.0
    for layer in net:
        match layer["kind"]:
            case "linear" | "conv":
                x = apply_layer({**layer, "weight": np.abs(layer["weight"]) ** p, "bias": None}, x)
            case "average_pool":
                x = apply_layer(layer, x) / layer["size"] ** (2 * (p - 1))
            case "max_pool" | "flatten":
                x = apply_layer(layer, x)
            case "relu":
                continue
            case _:
                raise ValueError(f"{layer['kind']} has no place in a path norm; fold it first")
        largest = x.max()
        x, log_scale = x / largest, log_scale + math.log(largest)
    return log_scale + math.log(math.fsum(x.reshape(-1)))


def with_factors(net: list[dict], p: int) -> list[dict]:
    """The net with 2 w for w where p is 1, and 2 sqrt(h) w where it is 2, h the rows of a layer's matrix.

    Its path norms are the capacities of Neyshabur et al. 2017, section 2.2: sum of prod |2 w|, sum of prod 4 h w^2.
    """

    def factor(layer: dict) -> float:
        return 2.0 if p == 1 else 2.0 * math.sqrt(len(layer["weight"]))

    return [{**layer, "weight": factor(layer) * layer["weight"]} if "weight" in layer else layer for layer in net]
