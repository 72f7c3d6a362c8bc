"""The operator norm of one layer of a net, at the size of its own input."""

import torch
from torch import Tensor, nn

from genlab.linalg.circular_convolution import circular_convolution_norm
from genlab.linalg.conv_spectrum import convolution_operator_norm
from genlab.linalg.lanczos import SingularValue
from genlab.linalg.singular_values import singular_values
from genlab.measures.computing.value import NotApplicable
from genlab.models.traversal import WeightLayer


def layer_operator_norm(layer: WeightLayer, weight: Tensor, *, generator: torch.Generator) -> SingularValue:
    """Largest singular value of the linear map that a layer would apply with the given weights, bias left out.

    A linear layer: of its matrix, exact. A convolution: of the operator on maps of the layer's own input size, with its
    stride, zero padding, dilation and groups.

    Args:
        layer: says which map, which size, which stride.
        weight: of the shape of the layer's own weight, e.g. its distance from initialisation.
        generator: of the start vector of Lanczos.

    Raises:
        NotApplicable: padding with something else than zeros, or with more of them on one side.
    """
    module = layer.module
    if isinstance(module, nn.Linear):
        return SingularValue(float(singular_values(weight.double())[0]), 0.0, 0, True)
    height, width = layer.input_shape[1:]
    return convolution_operator_norm(
        weight,
        (height, width),
        _pair(module.stride),
        zero_padding(layer),
        _pair(module.dilation),
        module.groups,
        generator=generator,
    )


def layer_circular_norm(layer: WeightLayer) -> float:
    """Largest singular value of the map that a layer would be if the edges of its input were joined, bias left out.

    A linear layer: of its matrix. Exact; see `circular_convolution_norm`.

    Raises:
        NotApplicable: a stride that does not divide the layer's input.
    """
    module = layer.module
    if isinstance(module, nn.Linear):
        return float(singular_values(layer.weight.double())[0])
    height, width = layer.input_shape[1:]
    stride = _pair(module.stride)
    if height % stride[0] or width % stride[1]:
        raise NotApplicable(
            f"layer {layer.name} has a stride of {stride[0]}x{stride[1]}, which does not divide its input of "
            f"{height}x{width}, so circular padding makes no operator of it"
        )
    return circular_convolution_norm(layer.weight, (height, width), stride, _pair(module.dilation), module.groups)


def zero_padding(layer: WeightLayer) -> tuple[int, int]:
    """Zeros on each side of the two axes of a convolution's input.

    Raises:
        NotApplicable: padding with something else than zeros, or with more of them on one side.
    """
    module = layer.module
    assert isinstance(module, nn.Conv2d)
    if module.padding_mode != "zeros":
        raise NotApplicable(f"layer {layer.name} pads with {module.padding_mode}, not with zeros")
    if module.padding == "valid":
        return (0, 0)
    if module.padding == "same":
        total = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        if total[0] % 2 or total[1] % 2:
            raise NotApplicable(f"layer {layer.name} pads one side more than the other")
        return (total[0] // 2, total[1] // 2)
    assert not isinstance(module.padding, str)
    return _pair(module.padding)


def _pair(numbers: tuple[int, ...]) -> tuple[int, int]:
    return (numbers[0], numbers[1])
