"""Floating-point operations of a net, from the shapes of its layers."""

import math

from torch import nn

from genlab.models.traversal import weight_layers


def forward_flops(model: nn.Module, input_shape: tuple[int, ...]) -> float:
    """Operations of one image's forward pass in linear and convolutional layers: two a multiplication and addition.

    Biases, batch norm, activations and pooling are not counted. Padding is, as if its zeros were multiplied.

    Args:
        input_shape: `[channels, height, width]` of one image.
    """
    return float(sum(_layer_flops(model, input_shape)))


def training_flops(model: nn.Module, input_shape: tuple[int, ...]) -> float:
    """Operations of one image's gradient step in linear and convolutional layers.

    Those of the forward pass, as many again for the gradient of the weights, and as many for that of the layer's
    input, which the first layer does not compute: a little less than three forward passes.

    Args:
        input_shape: `[channels, height, width]` of one image.
    """
    forward = _layer_flops(model, input_shape)
    return float(3 * sum(forward) - forward[0])


def _layer_flops(model: nn.Module, input_shape: tuple[int, ...]) -> list[int]:
    layers = weight_layers(model, input_shape)
    return [2 * math.prod(layer.output_shape) * layer.matrix.shape[1] for layer in layers]
