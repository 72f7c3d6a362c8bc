"""A layer that one method stored, whose numbers other methods have coded further."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from genlab.compression.coding import BITS, Code, CodedNumbers, Restorer
from genlab.compression.methods import COMPRESSORS
from genlab.compression.settings import Setting
from genlab.compression.structure import CompressedLayer, Form, WeightModule
from genlab.errors import UsageError


@dataclass(frozen=True)
class CodedTensor:
    """A tensor of numbers that a step has coded.

    Attributes:
        shape: that it had.
        code: how to read what is stored in its place: of the tensor "a" what the code calls "b" is "a:b".
    """

    shape: tuple[int, ...]
    code: Code


@dataclass(frozen=True)
class Chained:
    """The form of a layer that several methods have compressed.

    Attributes:
        first: of the first method.
        steps: of each further method, by name the tensors that it has coded.
    """

    first: Form
    steps: tuple[Mapping[str, CodedTensor], ...]

    @property
    def packed(self) -> dict[str, int]:
        """Of each tensor of codes in bytes how many codes it holds."""
        return {
            f"{name}:{own}": count
            for step in self.steps
            for name, coded in step.items()
            for own, count in coded.code.packed.items()
        }

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """What the first method builds of the numbers that the codes stand for."""
        plain = {name: t.to(layer.weight) if t.is_floating_point() else t for name, t in tensors.items()}
        for name, coded in self._backwards():
            own = _own(name, coded, plain)
            floats = {key: tensor for key, tensor in own.items() if tensor.is_floating_point()}
            plain[name] = coded.code.expansion(own, math.prod(coded.shape))(floats).view(coded.shape)
        return self.first.build(layer, plain)

    def restorer(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> Restorer:
        """Training moves what the codes let move: kept numbers, values of codebooks, ends of grids."""
        plain, expansions = dict(tensors), []
        for name, coded in self._backwards():
            own = _own(name, coded, plain)
            expand = coded.code.expansion(own, math.prod(coded.shape))
            floats = {key: tensor for key, tensor in own.items() if tensor.is_floating_point()}
            plain[name] = expand(floats).view(coded.shape)
            expansions.append((name, tuple(floats), expand, coded.shape))
        make: Any = self.first
        restore = make.restorer(layer, plain)

        def restored(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
            values = dict(given)
            for name, keys, expand, shape in expansions:
                values[name] = expand({key: values.pop(f"{name}:{key}") for key in keys}).view(shape)
            return restore(values)

        return restored

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """The form as JSON, without the names of the methods."""
        steps = [
            {
                name: {"shape": list(coded.shape), "code": coded.code.model_dump(mode=mode)}
                for name, coded in step.items()
            }
            for step in self.steps
        ]
        return {"first": self.first.model_dump(mode=mode), "steps": steps}

    def _backwards(self) -> list[tuple[str, CodedTensor]]:
        return [item for step in reversed(self.steps) for item in step.items()]


def read_form(methods: Sequence[str], content: Mapping[str, Any]) -> Chained:
    """The form of `Chained.model_dump`.

    Args:
        methods: the first and those that follow, all known.

    Raises:
        ValueError: the content is not that of such a form.
    """
    first, *others = (COMPRESSORS[name].form for name in methods)
    if content.keys() != {"first", "steps"} or len(content["steps"]) != len(others):
        raise ValueError(f"the form of a chain of {len(methods)} methods has first, and {len(others)} steps")
    steps = []
    for form, step in zip(others, content["steps"], strict=True):
        read: Any = form
        steps.append(
            {
                name: CodedTensor(
                    TypeAdapter(tuple[int, ...]).validate_python(coded["shape"]), read.model_validate(coded["code"])
                )
                for name, coded in step.items()
            }
        )
    begin: Any = first
    return Chained(begin.model_validate(content["first"]), tuple(steps))


@torch.no_grad()
def coded_further(
    layers: Mapping[str, CompressedLayer], step: Setting, *, followed: bool
) -> dict[str, CompressedLayer]:
    """The layers with their numbers coded by one more method; those of all layers are given to it together.

    Args:
        followed: whether one more follows.

    Raises:
        UsageError: the step refuses, or there are no numbers left to code.
    """
    method = COMPRESSORS[step.method]
    if method.coder is None:
        raise UsageError(f"{step.method} cannot follow another method")
    names = {f"{layer}:{name}": (layer, name) for layer, found in layers.items() for name in _numbers(found)}
    if not names and layers:
        raise UsageError(f"there is nothing left that {step.method} could code")
    given = {key: layers[layer].tensors[name] for key, (layer, name) in names.items()}
    coded: dict[str, dict[str, CodedNumbers]] = {layer: {} for layer in layers}
    for key, found in method.coder(given, followed=followed, **dict(step.options)).items():
        layer, name = names[key]
        coded[layer][name] = found
    return {name: _replaced(layer, coded[name]) for name, layer in layers.items()}


def _replaced(layer: CompressedLayer, coded: Mapping[str, CodedNumbers]) -> CompressedLayer:
    tensors, parameters, bits = dict(layer.tensors), layer.parameters, layer.bits
    for name, found in coded.items():
        before = tensors.pop(name)
        tensors |= {f"{name}:{own}": tensor for own, tensor in found.tensors.items()}
        parameters += found.parameters - before.numel()
        bits += found.bits - BITS * before.numel()
    step = {name: CodedTensor(tuple(layer.tensors[name].shape), found.code) for name, found in coded.items()}
    form = layer.form
    whole = Chained(form.first, (*form.steps, step)) if isinstance(form, Chained) else Chained(form, (step,))
    return CompressedLayer(whole, tensors, parameters, bits)


def _numbers(layer: CompressedLayer) -> tuple[str, ...]:
    """Names of the tensors that are numbers themselves, biases left out."""
    form: Any = layer.form
    if not isinstance(form, Chained):
        return tuple(form.numbers)
    return tuple(f"{name}:{own}" for name, coded in form.steps[-1].items() for own in coded.code.numbers)


def _own(name: str, coded: CodedTensor, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Takes out of the tensors those of a code; UsageError where one is missing."""
    try:
        return {own: tensors.pop(f"{name}:{own}") for own in coded.code.names()}
    except KeyError as error:
        raise UsageError(f"the tensor {error} of a code is missing") from None
