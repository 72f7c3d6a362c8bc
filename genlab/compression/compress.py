"""A net compressed by one setting of one method."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from genlab.compression.catalogue import COMPRESSORS
from genlab.compression.settings import Setting
from genlab.compression.structure import (
    CompressedLayer,
    LayerForm,
    check_names,
    dense_network,
    layers_by_name,
    single_precision,
    with_layers,
)
from genlab.errors import UsageError


@dataclass(frozen=True)
class Compressed:
    """A compressed net and what it takes to store it.

    Attributes:
        model: float32, evaluation mode, batch norm folded in.
        setting: that made it.
        structure: the form of each compressed layer, by the name it had; `rebuild` needs no more.
        parameters: numbers stored for the whole net, weights and biases, layers that were left as they are included.
        original_parameters: the same of the net with batch norm folded in and nothing compressed.
        bits: that the parameters take.
    """

    model: nn.Module
    setting: Setting
    structure: dict[str, LayerForm]
    parameters: int
    original_parameters: int
    bits: int

    @property
    def ratio(self) -> float:
        """How many times fewer parameters than before; 1 where nothing was saved."""
        return self.original_parameters / self.parameters


def compressor(dense: nn.Module, input_shape: tuple[int, ...]) -> Callable[[Setting], Compressed]:
    """A function that compresses the net by one setting after another; what settings share is computed once.

    Args:
        dense: of `dense_network`; not changed.
        input_shape: `[channels, height, width]` of one image.

    Raises:
        GenlabError: a layer is used twice.
        UsageError: (from the function) an unknown method or layer, or a setting that the method refuses.
    """
    layers = layers_by_name(dense, input_shape)
    original_parameters = _count(dense)
    methods: dict[str, Callable[..., dict[str, CompressedLayer]]] = {}

    @torch.no_grad()
    def compress(setting: Setting) -> Compressed:
        if setting.method not in COMPRESSORS:
            raise UsageError(f"no compression method {setting.method!r}; have {', '.join(COMPRESSORS)}")
        names = tuple(layers) if setting.layers is None else setting.layers
        check_names(names, layers)
        if setting.method not in methods:
            methods[setting.method] = COMPRESSORS[setting.method].function(layers)
        results = methods[setting.method](names, **dict(setting.options))
        kept = original_parameters - sum(_count(layers[name]) for name in results)
        return Compressed(
            model=single_precision(with_layers(dense, {name: layer.module for name, layer in results.items()})),
            setting=setting,
            structure={name: layer.form for name, layer in results.items()},
            parameters=kept + sum(layer.parameters for layer in results.values()),
            original_parameters=original_parameters,
            bits=32 * kept + sum(layer.bits for layer in results.values()),
        )

    return compress


def compress_model(model: nn.Module, input_shape: tuple[int, ...], setting: Setting) -> Compressed:
    """The net with batch norm folded into its weights and its layers compressed.

    All linear and convolutional layers are, the output layer included, unless the setting names some. Computed in
    float64 and given in float32. For several settings of one net `compressor` saves the work that they share.

    Args:
        model: not changed.
        input_shape: `[channels, height, width]` of one image.

    Raises:
        GenlabError: batch norm cannot be folded, or a layer is used twice.
        UsageError: an unknown method or layer, or a setting that the method refuses.
    """
    return compressor(dense_network(model, input_shape), input_shape)(setting)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
