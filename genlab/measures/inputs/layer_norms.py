"""The sizes of what goes into the layers of a net and comes out of them, image by image."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.measures.inputs.layer_calls import layer_calls
from genlab.measures.inputs.layer_chain import column_squares
from genlab.models.traversal import WeightLayer


@dataclass(frozen=True)
class LayerNorms:
    """Of one layer, and of `n` images; l2 norms over all channels and cells.

    Attributes:
        kernel: ||A||_F, each weight of a kernel counted once.
        operator: the same of the layer as a linear map at its own input size.
        incoming: ||phi(x^{i-1})||, what the layer is given, float64 `[n]`.
        linear: ||A phi(x^{i-1})||, what it gives without its bias.
        outgoing: ||x^i||, with its bias.
        activated: ||phi(x^i)|| of the activation function that follows it; None where none does.
    """

    kernel: float
    operator: float
    incoming: Tensor
    linear: Tensor
    outgoing: Tensor
    activated: Tensor | None


@torch.no_grad()
def layer_norms(
    model: nn.Module, layers: list[WeightLayer], following: dict[str, nn.Module], batches: Iterable[Tensor]
) -> dict[str, LayerNorms]:
    """By layer the norms on images, in one forward pass of each batch.

    Args:
        model: an own copy of a folded net.
        layers: of this copy.
        following: by layer, the activation function that its output goes through.
        batches: of images `[b, channels, height, width]`.
    """
    found: list[list[Tensor]] = [[] for _ in layers]
    for images in batches:
        for layer, norms, (inputs, output) in zip(layers, found, layer_calls(model, layers, images), strict=True):
            bias, activation = layer.module.bias, following.get(layer.name)
            # The channels of a map are its second axis, those of a linear layer the last one.
            shape = (-1, 1, 1) if isinstance(layer.module, nn.Conv2d) else (-1,)
            linear = output if bias is None else output - bias.view(shape)
            activated = output if activation is None else activation(output)
            norms.append(torch.stack([norms_of(x) for x in (inputs, linear, output, activated)]))
    result = {}
    for layer, norms in zip(layers, found, strict=True):
        incoming, linear, outgoing, activated = torch.cat(norms, 1)
        result[layer.name] = LayerNorms(
            kernel=float(layer.matrix.norm()),
            operator=float(column_squares(layer.module, layer.input_shape).sum().sqrt()),
            incoming=incoming,
            linear=linear,
            outgoing=outgoing,
            activated=activated if layer.name in following else None,
        )
    return result


def norms_of(x: Tensor) -> Tensor:
    """The l2 norm of each of `[n, ...]` vectors or maps."""
    return torch.linalg.vector_norm(x.flatten(1), dim=1)
