"""What compression does to the output of each layer: the rows of `compression_layers.csv`."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from genlab.compression.layer_outputs import layer_batches
from genlab.compression.local_convolution import LocalConvolution
from genlab.compression.structure import Compressed, WeightModule
from genlab.data.dataset import Dataset
from genlab.rundir.columns import COMPRESSION_LAYER_COLUMNS as LAYER_COLUMNS

BITS = 32


@torch.inference_mode()
def layer_rows(
    reference: nn.Module,
    compressed: Compressed | None,
    layers: Mapping[str, WeightModule],
    dataset: Dataset,
    effective: Mapping[str, float | None],
) -> list[dict[str, Any]]:
    r"""A row for each linear and convolutional layer, in forward order, over the first 1,000 training images.

    With x^i the output of layer i in the net before compression and y^i in the compressed one, bias included:

    * `output_error`: sqrt(\sum |y^i - x^i|^2 / \sum |x^i|^2), sums over images: all that compression up to here has
      done.
    * `own_error`: the same for the compressed layer on the inputs that it has in the net before compression: what it
      does by itself. For Matrix-Project its expectation has a closed form.
    * `parameters`, `bits`: stored of the layer; `original_parameters` before.
    * `place_correlation`: of the errors of kernels at different places (`LocalConvolution.correlation_of_places`).
    * `effective_parameters`: of the layer before compression, as they are given.

    Args:
        reference: float32, evaluation mode, batch norm folded in; on the device of the data set.
        compressed: None for the net before compression, whose errors are 0.
        layers: of the net before compression, by name in forward order.
    """
    sums = {name: torch.zeros(3, dtype=torch.float64) for name in layers}
    if compressed is not None:
        pairs = zip(
            layer_batches(reference, layers, dataset), layer_batches(compressed.model, layers, dataset), strict=True
        )
        for before, after in pairs:
            for name, (inputs, outputs) in before.items():
                own = compressed.model.get_submodule(name)(inputs)
                sums[name] += torch.stack([_square(after[name][1] - outputs), _square(own - outputs), _square(outputs)])
    rows = []
    for name, layer in layers.items():
        original = sum(parameter.numel() for parameter in layer.parameters())
        stored = compressed.sizes.get(name) if compressed is not None else None
        parameters, bits = stored or (original, BITS * original)
        error, own_error, size = sums[name].tolist()
        row: dict[str, Any] = dict.fromkeys(LAYER_COLUMNS) | {
            "method": "none" if compressed is None else compressed.setting.method,
            "setting": "" if compressed is None else compressed.setting.label,
            "layer": name,
            "parameters": parameters,
            "original_parameters": original,
            "bits": bits,
            "output_error": 0.0 if compressed is None else _root(error, size),
            "own_error": 0.0 if compressed is None else _root(own_error, size),
            "effective_parameters": effective.get(name),
        }
        if compressed is not None:
            module = compressed.model.get_submodule(name)
            if isinstance(module, LocalConvolution):
                row["place_correlation"] = module.correlation_of_places(layer.weight)
        rows.append(row)
    return rows


def _square(values: Tensor) -> Tensor:
    return values.double().square().sum().cpu()


def _root(error: float, size: float) -> float | None:
    """None where there is nothing to compare with, or where an output is not finite."""
    ratio = error / size if size > 0 else math.nan
    return math.sqrt(ratio) if math.isfinite(ratio) else None
