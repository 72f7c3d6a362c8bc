"""What a compressed net is made of: the form of each layer, and the net of that form without its weights."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn
from torch.nn.utils import skip_init

from genlab.errors import GenlabError, UsageError
from genlab.models.traversal import folded, weight_layers

WeightModule = nn.Linear | nn.Conv2d


class LayerForm(BaseModel):
    """How a layer is stored.

    Attributes:
        form: "dense" for one layer with the shape it had, "factored" for the two of `empty_factors`.
        rank: of the layer's matrix.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    form: Literal["dense", "factored"]
    rank: int = Field(ge=0)


@dataclass(frozen=True)
class CompressedLayer:
    """What a method makes of a layer.

    Attributes:
        module: takes the layer's place and computes with the compressed weights.
        form: enough to make such a module again and load weights into it.
        parameters: numbers that have to be stored, weights and biases.
        bits: that they take.
    """

    module: nn.Module
    form: LayerForm
    parameters: int
    bits: int


def dense_network(model: nn.Module, input_shape: tuple[int, ...]) -> nn.Module:
    """A copy of the net with batch norm folded in, in float64 and evaluation mode: what compression starts from.

    Raises:
        GenlabError: batch norm cannot be folded, as `genlab.models.traversal.folded` says.
    """
    try:
        return folded(model, input_shape)
    except ValueError as error:
        raise GenlabError(f"the net cannot be compressed: {error}") from error


def layers_by_name(dense: nn.Module, input_shape: tuple[int, ...]) -> dict[str, WeightModule]:
    """The linear and convolutional layers in forward order, the output layer last.

    Raises:
        GenlabError: a layer is used twice in one forward pass.
    """
    try:
        return {layer.name: layer.module for layer in weight_layers(dense, input_shape)}
    except ValueError as error:
        raise GenlabError(f"the net cannot be compressed: {error}") from error


def check_names(names: tuple[str, ...], layers: Mapping[str, WeightModule]) -> None:
    """Raises UsageError with the names there are, where one of `names` is no layer."""
    for name in names:
        if name not in layers:
            near = get_close_matches(name, layers, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise UsageError(f"the net has no linear or convolutional layer {name!r}{hint}; has {', '.join(layers)}")


def single_precision(model: nn.Module) -> nn.Module:
    """The model itself in float32, with every tensor contiguous, as a file gives it back.

    A convolution may sum in another order when its weights lie in memory in another order.
    """
    model.float()
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.data = tensor.data.contiguous()
    return model


def with_layers(dense: nn.Module, replacements: Mapping[str, nn.Module]) -> nn.Module:
    """A copy of the net with modules replaced by name, in evaluation mode."""
    result = copy.deepcopy(dense)
    for name, module in replacements.items():
        result.set_submodule(name, module)
    return result.eval()


def empty_factors(layer: WeightModule, rank: int) -> tuple[WeightModule, WeightModule]:
    """Two layers in the place of one of this rank, with weights not yet set and on the layer's device and type.

    Linear: `rank x in` without bias, then `out x rank` with the layer's bias if it has one. Convolution: the same
    kernel size, stride, padding and dilation to `rank` channels, then 1x1. Draws no random numbers.
    """
    place = {"device": layer.weight.device, "dtype": layer.weight.dtype}
    bias = layer.bias is not None
    first: WeightModule
    second: WeightModule
    if isinstance(layer, nn.Linear):
        first = skip_init(nn.Linear, layer.in_features, rank, bias=False, **place)
        second = skip_init(nn.Linear, rank, layer.out_features, bias=bias, **place)
    else:
        geometry = {
            "kernel_size": layer.kernel_size,
            "stride": layer.stride,
            "padding": layer.padding,
            "dilation": layer.dilation,
            "padding_mode": layer.padding_mode,
        }
        first = skip_init(nn.Conv2d, layer.in_channels, rank, bias=False, **geometry, **place)
        second = skip_init(nn.Conv2d, rank, layer.out_channels, kernel_size=1, bias=bias, **place)
    return first, second


@torch.no_grad()
def rebuild(template: nn.Module, input_shape: tuple[int, ...], structure: Mapping[str, LayerForm]) -> nn.Module:
    """The compressed net's architecture, from the net before compression and the form of each layer; no decomposition.

    Args:
        template: a net as it was before batch norm was folded, with any weights; not changed.
        input_shape: `[channels, height, width]` of one image.
        structure: of `Compressed`.

    Returns:
        A net in float32 and evaluation mode whose weights are to be loaded: those of factored layers are not set.

    Raises:
        GenlabError: the structure names a layer that the net does not have, or a rank above what a layer can have.
    """
    dense = dense_network(template, input_shape)
    layers = layers_by_name(dense, input_shape)
    check_names(tuple(structure), layers)
    replacements: dict[str, nn.Module] = {}
    for name, form in structure.items():
        full = min(layers[name].weight.flatten(1).shape)
        if form.rank > full:
            raise UsageError(f"layer {name} has rank {full} at most, not {form.rank}")
        if form.form == "factored":
            replacements[name] = nn.Sequential(*empty_factors(layers[name], max(form.rank, 1)))
    return single_precision(with_layers(dense, replacements))
