"""How many parameters a layer effectively has, by how stable it is to noise."""

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from genlab.compression.layer_outputs import layer_batches
from genlab.compression.structure import WeightModule
from genlab.data.dataset import Dataset
from genlab.models.dropout import Dropout
from genlab.models.traversal import chain_modules

# What stands between a layer and its activation and changes nothing in evaluation.
PASSED_OVER = (nn.Identity, nn.Dropout, Dropout)


@torch.inference_mode()
def effective_parameters(
    model: nn.Module, layers: dict[str, WeightModule], input_shape: tuple[int, ...], dataset: Dataset
) -> dict[str, float | None]:
    r"""Of each layer ceil(kappa/s)^2 h (c / mu)^2, as Table 1 of Arora et al. 2018 (arXiv:1802.05296) is made.

    With layer i as x^i = A^i phi(x^{i-1}) (+ its bias), phi the ReLU, over the training images that are looked at:

    * mu = min |A^i phi(x^{i-1})| / (|A^i|_F |phi(x^{i-1})|), the layer cushion, without the bias; of a convolution
      |A|_F is that of the kernel;
    * c = max |x^i| / |phi(x^i)|, the activation contraction; 1 for the last layer;
    * h: input units or channels; kappa and s: kernel size and stride, of a linear layer 1.

    That is beta = 1 and an interlayer cushion of 1/sqrt(h) in c^2 beta^2 ceil(kappa/s)^2 / (mu^2 mu_->^2), with which
    the printed table was rebuilt to 2 % but for its first layer; depth, logarithms and constants are left out, so it
    may be above the number of parameters. Images where an activation is all zero are left out of that layer's mu or c.

    Args:
        model: float32, evaluation mode, batch norm folded in; on the device of the data set.
        layers: of the model by name, in forward order.

    Returns:
        By layer; None where it is not defined: the net is no chain, a layer but the last is followed by something else
        than a ReLU, a convolution has groups, or no image is left.
    """
    if not _layers_meet_relus(model, layers, input_shape):
        return dict.fromkeys(layers)
    cushions, contractions = dict.fromkeys(layers, math.inf), dict.fromkeys(layers, 0.0)
    last = list(layers)[-1]
    for calls in layer_batches(model, layers, dataset):
        for name, (inputs, outputs) in calls.items():
            layer: Any = model.get_submodule(name)
            linear = outputs if layer.bias is None else outputs - _as_outputs(layer.bias, outputs)
            norm = layer.weight.double().norm()
            cushions[name] = min(cushions[name], _least(_norms(linear), norm * _norms(inputs)))
            if name != last:
                contractions[name] = max(contractions[name], 1 / _least(_norms(outputs.relu()), _norms(outputs)))
    contractions[last] = 1.0
    return {name: _count(layer, cushions[name], contractions[name]) for name, layer in layers.items()}


def _layers_meet_relus(model: nn.Module, layers: dict[str, WeightModule], input_shape: tuple[int, ...]) -> bool:
    chain = chain_modules(model, input_shape)
    if chain is None:
        return False
    own = {id(model.get_submodule(name)) for name in layers}
    rest = [module for module in chain if not isinstance(module, PASSED_OVER)]
    followers = [after for before, after in pairwise(rest) if id(before) in own]
    return all(isinstance(after, nn.ReLU) for after in followers) and id(rest[-1]) in own


def _count(layer: WeightModule, cushion: float, contraction: float) -> float | None:
    if not (0 < cushion < math.inf and 0 < contraction < math.inf):
        return None
    if isinstance(layer, nn.Conv2d) and layer.groups != 1:
        return None
    return kernel_steps(layer) * layer.weight.shape[1] * (contraction / cushion) ** 2


def kernel_steps(layer: nn.Module) -> int:
    """ceil(kappa/s)^2 of a convolution with kernel size kappa and stride s, the product over both axes; else 1."""
    if not isinstance(layer, nn.Conv2d):
        return 1
    return math.prod(math.ceil(k / s) for k, s in zip(layer.kernel_size, layer.stride, strict=True))


def _least(above: Tensor, below: Tensor) -> float:
    """The least ratio of those with no zero in them; inf where there is none."""
    there = (above > 0) & (below > 0)
    return float((above[there] / below[there]).min()) if there.any() else math.inf


def _norms(values: Tensor) -> Tensor:
    return values.flatten(1).double().norm(dim=1)


def _as_outputs(bias: Tensor, outputs: Tensor) -> Tensor:
    return bias.view(1, -1, *[1] * (outputs.dim() - 2))
