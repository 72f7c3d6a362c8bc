"""Nets of Arora et al. 2018 for small images, layer after layer, from the arrays of their layers.

A layer is {"weight", "bias", "norm"} with norm as `tests.references.forward` has batch norm, or None.
"""

import numpy as np

from tests.references.forward import convolve, pool
from tests.references.zhang_nets import max_pool, module


def alexnet(layers: list[dict], image: np.ndarray) -> np.ndarray:
    """Outputs for one image: five convolutions, pools after the first, second and fifth, a linear layer."""
    first, second, third, fourth, fifth, last = layers
    x = convolve(image, first["weight"], 4, 5) + first["bias"][:, None, None]
    x = pool(np.maximum(x, 0), 2, np.max)
    x = pool(module(second, x), 2, np.max)
    x = pool(module(fifth, module(fourth, module(third, x))), 2, np.max)
    return last["weight"] @ x.reshape(-1) + last["bias"]


def googlenet(layers: list[dict], image: np.ndarray) -> np.ndarray:
    """Outputs for one image; of each module its layers are in the order of its branches."""
    left = iter(layers)
    x = module(next(left), image)
    for number in range(9):
        if number in (2, 7):
            x = max_pool(x)
        single = module(next(left), x)
        three = module(next(left), x)
        three = module(next(left), three)
        five = module(next(left), x)
        five = module(next(left), five)
        x = np.concatenate([single, three, five, module(next(left), around(x))])
    last = next(left)
    assert next(left, None) is None
    return last["weight"] @ x.mean(axis=(1, 2)) + last["bias"]


def around(x: np.ndarray) -> np.ndarray:
    """The largest of each cell and its eight neighbours, those outside of the map left out."""
    out = np.empty_like(x)
    for row, column in np.ndindex(x.shape[1:]):
        near = x[:, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        out[:, row, column] = near.max(axis=(1, 2))
    return out
