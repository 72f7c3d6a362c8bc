"""What rescales between the weight layers of a net, so that norms of its weights would be those of another function."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from genlab.models.traversal import WEIGHT_TYPES, probe, record_calls

# These normalise, with numbers of their own or without. Batch norm that can be folded is gone when this is asked.
NORMALISING = (
    *(nn.GroupNorm, nn.LayerNorm, nn.LocalResponseNorm, nn.CrossMapLRN2d, nn.BatchNorm1d, nn.BatchNorm2d),
    *(nn.BatchNorm3d, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d, nn.RMSNorm),
)
# Names of torch's functions, and what they do to two activations.
NORMALISING_FUNCTIONS = {"batch_norm", "instance_norm", "layer_norm", "group_norm", "rms_norm", "local_response_norm"}
NORMALISING_FUNCTIONS |= {"normalize", "renorm"}
ATTENTION = {"scaled_dot_product_attention", "multi_head_attention_forward"}
PRODUCTS = {"mul", "mul_", "multiply", "div", "div_", "divide", "true_divide", "matmul", "bmm", "mm", "einsum", "glu"}
PRODUCTS |= {"baddbmm", "addmm", "addcmul", "addcdiv", "bilinear", "outer", "kron", "tensordot"}


# Of the slopes: what a piecewise linear net has is exactly zero.
NO_CURVATURE = 1e-12


def rescaling(model: nn.Module, input_shape: tuple[int, ...]) -> str:
    """What in a net rescales between its weight layers, in words that follow "the net"; empty where nothing does.

    One rule: between linear and convolutional layers may stand what has no numbers of its own (activation functions,
    pools, sums of branches, dropout), and nothing that normalises or multiplies one activation by another. Whatever has
    numbers (group and layer norm, a scale that is learned, a buffer that multiplies) could hold any factor that the
    weights then lack; attention multiplies outputs of layers with each other, so that no product of norms bounds it.

    Args:
        model: batch norm folded (`genlab.models.folding.folded`), in evaluation mode; not changed.
        input_shape: `[channels, height, width]` of one image.
    """
    for call in record_calls(model, input_shape):
        if isinstance(call.module, NORMALISING):
            return f"normalises in {_named(call.name, call.module)}, which cannot be made part of the weights"
        own = [*call.module.named_parameters(), *call.module.named_buffers()]
        if own and not isinstance(call.module, WEIGHT_TYPES):
            return f"has numbers in {_named(call.name, call.module)} that may rescale between its layers"
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    watched = _Watch()
    images = probe(copied, input_shape, 2).requires_grad_()
    with watched:
        copied(images)
    return watched.found or _own_numbers(copied, input_shape)


class _Watch(TorchFunctionMode):
    """Notes the first call of torch that normalises, or multiplies two activations; parameters need no gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.found = ""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        name = getattr(function, "__name__", "")
        activations = sum(tensor.requires_grad for tensor in _tensors([*args, *given.values()]))
        if activations and not self.found:
            if name in ATTENTION:
                self.found = "has attention, which multiplies outputs of its layers with each other"
            elif name in NORMALISING_FUNCTIONS:
                self.found = f"normalises between its layers ({name})"
            elif name in PRODUCTS and (activations > 1 or name == "glu"):
                self.found = f"multiplies outputs of its layers with each other ({name})"
        return function(*args, **given)


def _own_numbers(model: nn.Module, input_shape: tuple[int, ...]) -> str:
    """Parameters of one number or one dimension, and buffers, that act on the outputs outside of modules' calls."""
    called = {id(call.module) for call in record_calls(model, input_shape)}
    leaves: dict[str, Tensor] = {}
    for prefix, module in model.named_modules():
        if id(module) in called:
            continue
        own = [(name, tensor) for name, tensor in module.named_parameters(recurse=False) if tensor.dim() < 2]
        own += [(name, tensor) for name, tensor in module.named_buffers(recurse=False) if tensor.is_floating_point()]
        leaves |= {f"{prefix}.{name}".removeprefix("."): tensor.detach().clone() for name, tensor in own}
    if not leaves:
        return ""
    for leaf in leaves.values():
        leaf.requires_grad_()
    outputs = torch.func.functional_call(model, leaves, (probe(model, input_shape, 1),))
    if not outputs.requires_grad:
        return ""
    gradients = torch.autograd.grad(outputs.sum(), tuple(leaves.values()), allow_unused=True)
    acting = [name for name, gradient in zip(leaves, gradients, strict=True) if gradient is not None]
    return f"has numbers of its own ({acting[0]}) that may rescale between its layers" if acting else ""


def is_piecewise_linear(model: nn.Module, input_shape: tuple[int, ...]) -> bool:
    """Whether a net is piecewise linear in its images: the second derivative along random lines is zero where there is
    one, as of ReLU, its leaky forms and pools, and not of tanh, sigmoid, GELU, softmax or a product of activations.

    Args:
        model: any net on images; not changed.
        input_shape: `[channels, height, width]` of one image.
    """
    copied = copy.deepcopy(model).double().eval().requires_grad_(False)
    images = probe(copied, input_shape, 4).requires_grad_()
    generator = torch.Generator().manual_seed(1)
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernels of attention have no second derivative
        outputs = copied(images)
    mixed = (outputs * torch.randn(outputs.shape, generator=generator).to(outputs)).sum()
    (slopes,) = torch.autograd.grad(mixed, images, create_graph=True)
    if not slopes.requires_grad:
        return True
    along = (slopes * torch.randn(images.shape, generator=generator).to(images)).sum()
    (curvature,) = torch.autograd.grad(along, images, allow_unused=True)
    return curvature is None or float(curvature.abs().max()) <= NO_CURVATURE * float(slopes.detach().abs().max())


def _named(name: str, module: nn.Module) -> str:
    return f"{type(module).__name__} {name}".strip()


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    """Tensors among arguments, those in lists included."""
    found: list[Tensor] = []
    for value in values:
        found += [value] if isinstance(value, Tensor) else _tensors(value) if isinstance(value, list | tuple) else []
    return found
