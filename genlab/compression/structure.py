"""What a compressed net is made of: layers as a method stores them, and the net that is built from them."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from genlab.compression.settings import Setting
from genlab.errors import GenlabError, UsageError
from genlab.models.folding import folded
from genlab.models.traversal import weight_layers

WeightModule = nn.Linear | nn.Conv2d


class Form(Protocol):
    """What a method says of a layer beside its tensors, as JSON: a pydantic model of the method's own.

    One whose tensors can be trained again has a `restorer` too (`genlab.compression.coding.Restorer`), and one whose
    tensors another method may code names them as its `numbers`.
    """

    @property
    def packed(self) -> dict[str, int]:
        """Of each tensor of codes in bytes how many codes it holds: each is a number that is stored."""
        ...

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """The module that takes the layer's place and computes with the compressed weights.

        Args:
            layer: that was there, in float64; not changed. Its geometry and device are those of the compressed layer;
                its weights are not, since those that were compressed are gone when a file is read.
            tensors: of `CompressedLayer`, as a file holds them.

        Raises:
            UsageError: the form or the tensors are not of such a layer.
        """
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """The form as JSON."""
        ...


@dataclass(frozen=True)
class StoredLayer:
    """What a file holds of a compressed layer.

    Attributes:
        form: how to build a module from the tensors.
        tensors: by name; numbers of float in float32, all in the order of their places.
    """

    form: Form
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class CompressedLayer:
    """What a method makes of a layer.

    Attributes:
        form: how to build a module from the tensors.
        tensors: by names of the method's own; those of float are stored in float32, the others as they are.
        parameters: numbers that have to be stored, weights and biases.
        bits: that the tensors take, as the method counts them.
    """

    form: Form
    tensors: Mapping[str, Tensor]
    parameters: int
    bits: int

    @property
    def stored(self) -> StoredLayer:
        """What remains of the layer, in memory of its own, and all that its net is built from."""
        return StoredLayer(self.form, {name: _as_in_a_file(tensor) for name, tensor in self.tensors.items()})


@dataclass(frozen=True)
class Compressed:
    """A compressed net and what it takes to store it.

    Attributes:
        model: float32, evaluation mode, batch norm folded in; built from `layers`.
        setting: that made it.
        layers: the compressed ones by the names they had.
        parameters: numbers stored for the whole net, weights and biases, layers that were left as they are included.
        original_parameters: the same of the net with batch norm folded in and nothing compressed.
        bits: that the net takes; 32 for each number that is no part of a compressed layer.
        sizes: parameters and bits of each compressed layer.
    """

    model: nn.Module
    setting: Setting
    layers: dict[str, StoredLayer]
    parameters: int
    original_parameters: int
    bits: int
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times fewer parameters than before; 1 where nothing was saved."""
        return self.original_parameters / self.parameters


def dense_network(model: nn.Module, input_shape: tuple[int, ...]) -> nn.Module:
    """A copy of the net with batch norm folded in, in float64 and evaluation mode: what compression starts from.

    Raises:
        GenlabError: batch norm cannot be folded, as `genlab.models.folding.folded` says, or there is no weight layer.
    """
    try:
        dense = folded(model, input_shape)
        if not weight_layers(dense, input_shape):
            raise ValueError("it has no linear or convolutional layer")
        return dense
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


@torch.no_grad()
def assemble(dense: nn.Module, layers: Mapping[str, WeightModule], stored: Mapping[str, StoredLayer]) -> nn.Module:
    """The net with layers replaced by compressed ones, built from what is stored of them.

    Args:
        dense: of `dense_network`; not changed.
        layers: of `layers_by_name`.
        stored: by name of the layer.

    Returns:
        A net in float32 and evaluation mode that shares no memory with `dense`.

    Raises:
        UsageError: a layer that the net does not have, or a form that does not fit its layer.
    """
    check_names(tuple(stored), layers)
    result = copy.deepcopy(dense)
    for name, layer in stored.items():
        result.set_submodule(name, layer.form.build(layers[name], layer.tensors))
    return single_precision(result.eval())


def _as_in_a_file(tensor: Tensor) -> Tensor:
    kind = torch.float32 if tensor.is_floating_point() else tensor.dtype
    return tensor.detach().to(kind, copy=True).contiguous()
