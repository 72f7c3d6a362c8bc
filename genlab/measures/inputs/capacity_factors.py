"""What a capacity has of depth and width alone: a constant and, for some, a number of units for each layer.

Neyshabur et al. 2017, Section 2.2: 4 a layer of the l2 norm, 2 of the l1 path norm, 4 h_i of the l2 path norm, h_i of
the spectral norm. Their figures leave these out, and the text takes them in again where it says what the l2 path norm
and the spectral norm cannot explain. h_i is the number of units that layer i gives out: the rows of its matrix W_i
[h_i, h_{i-1}], the classes in the last layer. Of a convolution these are the channels and not the cells of the map,
which is how the authors' later code counts hidden units.
"""

import math
from collections.abc import Iterable

from torch import nn

WEIGHTS = (nn.Linear, nn.Conv2d)


def log_factors(modules: Iterable[nn.Module], constant: float, *, widths: bool) -> float:
    """ln prod_i constant, or ln prod_i constant h_i with widths, over the linear and convolutional modules."""
    layers = [module for module in modules if isinstance(module, WEIGHTS)]
    units = [layer.weight.shape[0] if widths else 1 for layer in layers]
    return sum(math.log(constant * count) for count in units)
