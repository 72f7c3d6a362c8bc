"""Numbers stored in fewer bits, one by one: what pruning and quantisation share, of weights and of other numbers."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from genlab.compression.packing import unpacked
from genlab.compression.structure import CompressedLayer, Form, WeightModule
from genlab.errors import UsageError

BITS = 32
# Of the float tensors by name, the numbers that they stand for; whole numbers have been read before.
Expansion = Callable[[Mapping[str, Tensor]], Tensor]
# Of them, the weight and bias of a layer, or whatever its module's own state is.
Restorer = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


class Code(Form, Protocol):
    """What a method says of coded numbers beside its tensors, as JSON: the form of a layer too, for its weights."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of those tensors that are numbers themselves, which a further method may code."""
        ...

    def names(self) -> tuple[str, ...]:
        """Of all its tensors."""
        ...

    def expansion(self, tensors: Mapping[str, Tensor], count: int) -> Expansion:
        """How the numbers, flat `[count]`, follow from the float tensors; differentiable in those.

        Raises:
            UsageError: the tensors are not those of so many numbers.
        """
        ...


@dataclass(frozen=True)
class CodedNumbers:
    """Numbers as a method stores them.

    Attributes:
        code: how to read the tensors.
        tensors: by name.
        parameters: numbers stored, floats or codes of them.
        bits: that the tensors take.
    """

    code: Code
    tensors: Mapping[str, Tensor]
    parameters: int
    bits: int


def matrices_of(layers: Mapping[str, WeightModule]) -> dict[str, Tensor]:
    """The weights of each layer as a matrix `[out, rest]`.

    Raises:
        UsageError: some are not finite; the message names the layer.
    """
    for name, layer in layers.items():
        if not layer.weight.isfinite().all():
            raise UsageError(f"layer {name}: weights are not finite; compress a net that did not diverge")
    return {name: layer.weight.detach().flatten(1) for name, layer in layers.items()}


def coded_layers(layers: Mapping[str, WeightModule], coded: Mapping[str, CodedNumbers]) -> dict[str, CompressedLayer]:
    """Layers whose weights are coded and whose biases are kept, 32 bits each."""
    result = {}
    for name, found in coded.items():
        bias = layers[name].bias
        kept = {} if bias is None else {"bias": bias.detach()}
        count = 0 if bias is None else bias.numel()
        result[name] = CompressedLayer(
            found.code, {**found.tensors, **kept}, found.parameters + count, found.bits + BITS * count
        )
    return result


def restorer_of(code: Code, layer: WeightModule, tensors: Mapping[str, Tensor]) -> Restorer:
    """How weight and bias of a layer whose weights are coded follow from the float tensors; differentiable in those.

    Raises:
        UsageError: the tensors are not those of such a layer.
    """
    count, names = layer.weight.numel(), {*code.names(), *([] if layer.bias is None else ["bias"])}
    if tensors.keys() != names:
        raise UsageError(f"the tensors {', '.join(sorted(tensors))} are not those of {count} weights as they are coded")
    expand = code.expansion(tensors, count)

    def restored(floats: Mapping[str, Tensor]) -> dict[str, Tensor]:
        bias = {} if layer.bias is None else {"bias": floats["bias"]}
        return {"weight": expand(floats).view_as(layer.weight), **bias}

    return restored


def layer_of(code: Code, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The layer with the weights that are coded; raises as `restorer_of`."""
    floats = {name: tensor.to(layer.weight) for name, tensor in tensors.items() if tensor.is_floating_point()}
    result = copy.deepcopy(layer)
    result.load_state_dict(restorer_of(code, layer, tensors)(floats))
    return result


def with_gradient_over(values: Tensor, divisors: Tensor) -> Tensor:
    """The values themselves, whose gradient is divided.

    A number that many weights share has the sum of their gradients. Divided by the sum of the squares of what they
    take of it, a step moves the weights about as far as it would if each were its own: a learning rate that suits
    weights suits it.
    """
    return values.detach() + (values - values.detach()) / divisors.to(values).clamp(min=1)


def codes_of(data: Tensor, width: int, count: int) -> Tensor:
    """The codes of `packing.packed`, int64 `[count]`; UsageError where these bytes are not so many."""
    try:
        return unpacked(data, width, count)
    except ValueError as error:
        raise UsageError(str(error)) from None


def width_of(levels: int) -> int:
    """Bits that tell so many levels apart: ceil(log2(levels))."""
    return max(levels - 1, 0).bit_length()
