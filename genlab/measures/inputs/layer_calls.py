"""What the layers of a net are given and what they give, in a forward pass of some images."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from genlab.models.traversal import WeightLayer


def layer_calls(model: nn.Module, layers: Sequence[WeightLayer], images: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Input and output of each layer, in the order of the layers.

    Args:
        model: an own copy of a net; hooks are put on its layers and taken off again.
        layers: of this copy.
        images: `[b, channels, height, width]`.
    """
    found: dict[str, tuple[Tensor, Tensor]] = {}

    def note(name: str) -> Callable[[nn.Module, tuple[Any, ...], Tensor], None]:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
            found[name] = (inputs[0], output)

        return hook

    handles = [layer.module.register_forward_hook(note(layer.name)) for layer in layers]
    try:
        model(images)
    finally:
        for handle in handles:
            handle.remove()
    return [found[layer.name] for layer in layers]
