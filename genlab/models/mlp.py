"""Multilayer perceptrons."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from genlab.models.dropout import Chain, Dropout


def mlp(
    input_shape: tuple[int, int, int],
    classes: int,
    widths: Sequence[int],
    *,
    repeats: int = 1,
    bias: bool = True,
    dropout: float = 0.0,
) -> Chain:
    """Linear layers with ReLU (and dropout) between them, on flattened images.

    Zhang et al. 2017 use 1x512 and 3x512, Neyshabur et al. 2017 10x1000. No widths at all gives a linear classifier.

    Args:
        input_shape: `[channels, height, width]` of one image.
        widths: units of each hidden layer.
        repeats: how many times they stand one after the other.
        dropout: probability, after every hidden layer; 0 leaves the dropout layers out.

    Returns:
        A net from `[n, channels, height, width]` to logits `[n, classes]`, weights not yet initialised.
    """
    channels, height, width = input_shape
    sizes = [channels * height * width, *([*widths] * repeats)]
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out, bias=bias), nn.ReLU()]
        if dropout > 0:
            layers.append(Dropout(dropout))
    layers.append(nn.Linear(sizes[-1], classes, bias=bias))
    return Chain(*layers)
