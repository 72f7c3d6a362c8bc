"""Numbers of parameters, from the shapes of a net's arrays."""

import math


def parameters(net: list[dict]) -> int:
    """All that training changes: weights, biases, and scale and shift of batch norm."""
    return sum(own_parameters(layer) for layer in net)


def own_parameters(layer: dict) -> int:
    """The same of one layer."""
    names = ("weight", "bias", "scale", "shift")
    return sum(math.prod(layer[name].shape) for name in names if layer.get(name) is not None)


def weights(net: list[dict]) -> int:
    """Weights of linear and convolutional layers alone."""
    return sum(math.prod(layer["weight"].shape) for layer in net if layer["kind"] in ("linear", "conv"))
