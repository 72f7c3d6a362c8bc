"""Floating-point operations of a net, from the shapes of its layers."""

import math

from torch import nn

from genlab.models.traversal import weight_layers


def training_flops(model: nn.Module, input_shape: tuple[int, ...]) -> float:
    """Operations of one image's gradient step in linear and convolutional layers.

    Two for each multiplication and addition of the forward pass, as many again for the gradient of the weights, and as
    many for that of the layer's input, which the first layer does not compute: a little less than three forward passes.
    """
    layers = weight_layers(model, input_shape)
    forward = [2 * math.prod(layer.output_shape) * layer.matrix.shape[1] for layer in layers]
    return float(3 * sum(forward) - forward[0])
