"""What training has added to the weights of each layer."""

from torch import Tensor

from genlab.models.traversal import WeightLayer


def differences(
    weight_layers: list[WeightLayer], initial_weight_layers: list[WeightLayer]
) -> list[tuple[WeightLayer, Tensor]]:
    """Each layer with its weights less those at initialisation, in the shape of the weights.

    Raises:
        ValueError: the two nets have other layers or shapes.
    """
    shapes, initial_shapes = (
        [(layer.name, tuple(layer.weight.shape)) for layer in layers]
        for layers in (weight_layers, initial_weight_layers)
    )
    if shapes != initial_shapes:
        raise ValueError("the net at initialisation has other layers than the trained one")
    return [
        (layer, layer.weight - before.weight)
        for layer, before in zip(weight_layers, initial_weight_layers, strict=True)
    ]
