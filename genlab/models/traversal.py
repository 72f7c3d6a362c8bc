"""The weight layers of a net in forward order with the shapes they see, and how they hang together."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

WEIGHT_TYPES = (nn.Linear, nn.Conv2d)
SAME_OUTPUTS = 1e-9


@dataclass(frozen=True)
class WeightLayer:
    """One linear or convolutional layer as the forward pass meets it.

    Attributes:
        name: of the module in `model.named_modules()`.
        module: the layer itself, not a copy.
        input_shape: of one input: `[channels, height, width]`, or `[features]`.
        output_shape: of one output, likewise.
    """

    name: str
    module: nn.Linear | nn.Conv2d
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]

    @property
    def weight(self) -> Tensor:
        """The weights as stored: `[out, in]`, or `[out, in/groups, kernel height, kernel width]`."""
        return self.module.weight.detach()

    @property
    def matrix(self) -> Tensor:
        """The weights as a matrix `[out, rest]`, convolution kernels reshaped."""
        return self.weight.flatten(1)


@dataclass(frozen=True)
class Call:
    """One call of a module without children in a forward pass."""

    name: str
    module: nn.Module
    inputs: Tensor
    output: Tensor


def record_calls(model: nn.Module, input_shape: tuple[int, ...]) -> list[Call]:
    """Every call of a module without children, in the order of a forward pass of one image, in evaluation mode.

    Uses hooks, so it holds for any net, whatever its forward method does between modules. The model is left as it was.
    Calls that do not take one tensor to one tensor, as those of a recurrent layer, are left out.
    """
    calls: list[Call] = []

    def hook(name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
        def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            if len(inputs) == 1 and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
                calls.append(Call(name, module, inputs[0], output))

        return note

    handles = [m.register_forward_hook(hook(name)) for name, m in model.named_modules() if not any(m.children())]
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            model(probe(model, input_shape, 1))
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return calls


def weight_layers(model: nn.Module, input_shape: tuple[int, ...]) -> list[WeightLayer]:
    """The linear and convolutional layers in forward order, each with the shape of its own input and output.

    Args:
        model: any net on images; not changed.
        input_shape: `[channels, height, width]` of one image.

    Raises:
        ValueError: a layer with weights is used twice (its norms would be counted twice).
    """
    layers = [
        WeightLayer(call.name, call.module, tuple(call.inputs.shape[1:]), tuple(call.output.shape[1:]))
        for call in record_calls(model, input_shape)
        if isinstance(call.module, WEIGHT_TYPES)
    ]
    names = [layer.name for layer in layers]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"layer {repeated[0]} is used {names.count(repeated[0])} times in one forward pass")
    return layers


def weights_elsewhere(model: nn.Module, input_shape: tuple[int, ...]) -> list[str]:
    """Names of the weights that act on the outputs and belong to no layer of `weight_layers`.

    Those of other kinds of module (transposed or one-dimensional convolutions, attention, embeddings) or of none
    (`torch.nn.functional`), and a layer's own where it is asked for them instead of being called. Parameters of one
    dimension, biases and scales, are no weights; what the forward pass does not use is left out.

    Args:
        model: any net on images; not changed.
        input_shape: `[channels, height, width]` of one image.
    """
    called = {
        id(call.module.weight) for call in record_calls(model, input_shape) if isinstance(call.module, WEIGHT_TYPES)
    }
    others = {name: p for name, p in model.named_parameters() if p.dim() > 1 and id(p) not in called}
    if not others:
        return []
    copied = copy.deepcopy(model).eval()
    leaves = {name: parameter.detach().clone().requires_grad_() for name, parameter in others.items()}
    outputs = torch.func.functional_call(copied, leaves, (probe(model, input_shape, 1),))
    if not outputs.requires_grad:
        return []
    gradients = torch.autograd.grad(outputs.sum(), tuple(leaves.values()), allow_unused=True)
    return [name for name, gradient in zip(leaves, gradients, strict=True) if gradient is not None]


def shared_weights(model: nn.Module, input_shape: tuple[int, ...]) -> str:
    """Where a net uses the weight or bias of a linear or convolutional layer in two places, in words; else empty.

    Either two layers have one parameter, or the outputs change with a layer's parameters although every call of the
    layer is answered with the old ones: then they act in another way too, as in `torch.nn.functional`.

    Args:
        model: any net on images; not changed.
        input_shape: `[channels, height, width]` of one image.

    Raises:
        ValueError: as `weight_layers`.
    """
    layers = weight_layers(model, input_shape)
    owners: dict[int, str] = {}
    for layer in layers:
        for kind, parameter in layer.module.named_parameters(recurse=False):
            owner = owners.setdefault(id(parameter), layer.name)
            if owner != layer.name:
                return f"one {kind} is used by the layers {owner} and {layer.name}"
    names = [layer.name for layer in layers]
    if not _act_outside_calls(model, input_shape, names):
        return ""
    found = [name for name in names if _act_outside_calls(model, input_shape, [name])]
    return f"the weights of layer {(found or names)[0]} are used by the net itself too"


def parameter_of_two_modules(model: nn.Module) -> tuple[str, ...]:
    """Two names of the first parameter that two modules have, empty where there is none.

    A module that has two names itself, being used twice, is one module.
    """
    owners: dict[int, str] = {}
    for prefix, module in model.named_modules():
        for kind, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            name = f"{prefix}.{kind}".removeprefix(".")
            owner = owners.setdefault(id(parameter), name)
            if owner != name:
                return owner, name
    return ()


@torch.no_grad()
def _act_outside_calls(model: nn.Module, input_shape: tuple[int, ...], names: list[str]) -> bool:
    """Whether the outputs change with the parameters of some layers whose calls are answered by an unchanged copy."""
    original = copy.deepcopy(model).double().eval()
    moved = copy.deepcopy(original)
    generator = torch.Generator().manual_seed(0)

    def answer_with(layer: nn.Module) -> Callable[[nn.Module, tuple[Any, ...], Any], Any]:
        return lambda _module, inputs, _output: layer(*inputs)

    for name in names:
        layer = moved.get_submodule(name)
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        layer.register_forward_hook(answer_with(original.get_submodule(name)))
    images = probe(original, input_shape, 4)
    expected = original(images)
    rounding = SAME_OUTPUTS * float(expected.nan_to_num().abs().max())
    return not torch.allclose(expected, moved(images), rtol=0.0, atol=rounding, equal_nan=True)


def chain_modules(model: nn.Module, input_shape: tuple[int, ...]) -> list[nn.Module] | None:
    """The modules without children in order, where the net is a chain: each one's input is the output of the last.

    Checked by forward passes through the modules one after the other, which must give the net's own outputs: a skip
    around all modules, or one added in place (`out += x`), leaves the links between modules as they are, and a net
    that goes two ways by the signs or the size of what it sees is a chain on some images only.

    Returns:
        The modules, or None for a net with branches or with operations between its modules.
    """
    calls = record_calls(model, input_shape)
    links = all(after.inputs is before.output for before, after in pairwise(calls))
    if not calls or not links or calls[0].inputs.shape[1:] != tuple(input_shape):
        return None
    copied = copy.deepcopy(model).eval()
    for factor in (1, -10):
        with torch.no_grad():
            expected = copied(factor * probe(model, input_shape, 1))
            found = factor * probe(model, input_shape, 1)
            for call in calls:
                found = copied.get_submodule(call.name)(found)
        if expected.shape != found.shape or not torch.allclose(expected, found):
            return None
    return [call.module for call in calls]


def probe(model: nn.Module, input_shape: tuple[int, ...], n: int) -> Tensor:
    """Fixed images in the model's own type and device: their values only drive and check a forward pass."""
    parameter = next(iter(model.parameters()), torch.zeros(()))
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, *input_shape, generator=generator).to(parameter.device, parameter.dtype)
