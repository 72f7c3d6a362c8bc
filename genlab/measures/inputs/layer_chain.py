"""A net as the chain of its weight layers, x^i = A^i phi^i(x^{i-1}) + b^i: what Jacobians between layers are of.

x^0 is the image, x^i what layer i gives before any activation function, and phi^i whatever stands between layers i - 1
and i: activation functions, pools, reshaping. What follows the last layer is left out.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.measures.computing.value import NotApplicable
from genlab.models.dropout import Dropout
from genlab.models.traversal import WEIGHT_TYPES, chain_modules

# What takes each number to one number, the same for all.
ACTIVATIONS = (
    *(nn.ReLU, nn.LeakyReLU, nn.ReLU6, nn.Hardtanh, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish),
    *(nn.Tanh, nn.Sigmoid, nn.Softplus, nn.Hardswish, nn.Softsign),
)
UNCHANGING = (nn.Identity, nn.Flatten, nn.Dropout, Dropout)
POOLS = (nn.MaxPool2d, nn.AvgPool2d)


@dataclass(frozen=True)
class Stage:
    """A weight layer with what stands between the one before and it.

    Attributes:
        name: of the layer.
        between: phi, as modules one after the other.
        layer: A and b.
    """

    name: str
    between: tuple[nn.Module, ...]
    layer: nn.Linear | nn.Conv2d

    def incoming(self, x: Tensor) -> Tensor:
        """phi(x) of what the layer before gives, `[n, ...]`."""
        for module in self.between:
            x = module(x)
        return x

    def __call__(self, x: Tensor) -> Tensor:
        """A phi(x) + b."""
        found: Tensor = self.layer(self.incoming(x))
        return found

    def pushed(self, x: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """A phi(x) + b, and its Jacobian times a direction `[n, ...]`."""
        inside, along = x, direction
        if self.between:
            with torch.enable_grad():
                start = x.detach().requires_grad_()
                inside = self.incoming(start)
                into = torch.zeros_like(inside, requires_grad=True)
                # D^T u is linear in u, and what is pulled back through it is D.
                (pulled,) = torch.autograd.grad(inside, start, into, create_graph=True)
                (along,) = torch.autograd.grad(pulled, into, direction)
            inside = inside.detach()
        found: Tensor = self.layer(inside)
        return found, without_bias(self.layer)(along)

    @property
    def is_disjoint(self) -> bool:
        """Whether no number of x reaches two numbers of phi(x), so that the rows of the Jacobian of phi never meet."""
        return all(isinstance(m, (*ACTIVATIONS, *UNCHANGING)) or _is_tiling(m) for m in self.between)

    @property
    def activation(self) -> nn.Module | None:
        """The first activation function among what stands before the layer."""
        return next((module for module in self.between if isinstance(module, ACTIVATIONS)), None)


@dataclass(frozen=True)
class LayerChain:
    """The stages of a net in their order; numbers of layers are those of the stages, from 0."""

    stages: tuple[Stage, ...]

    def vectors(self, images: Tensor) -> list[Tensor]:
        """x^1 to x^d of images `[n, channels, height, width]`."""
        return list(self._onward(0, self.stages[0](images)))

    def after(self, i: int, x: Tensor) -> Iterator[tuple[int, Tensor]]:
        """M^{i,j}(x) with its j for each layer behind layer i, nearest first."""
        for j, found in enumerate(self._onward(i, x), start=i):
            if j > i:
                yield j, found

    def pushed(self, i: int, x: Tensor, direction: Tensor) -> Iterator[tuple[int, Tensor]]:
        """J^{i,j}_x times a direction with its j for each layer behind layer i, in one pass."""
        for j in range(i + 1, len(self.stages)):
            x, direction = self.stages[j].pushed(x, direction)
            yield j, direction

    def _onward(self, i: int, x: Tensor) -> Iterator[Tensor]:
        yield x
        for stage in self.stages[i + 1 :]:
            x = stage(x)
            yield x


def own_copy(model: nn.Module) -> nn.Module:
    """A copy of a folded net without gradients of its weights, in which no module overwrites what it is given."""
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    for module in copied.modules():
        if getattr(module, "inplace", False):
            setattr(module, "inplace", False)  # noqa: B010 (of whatever class it is)
    return copied


def layer_chain(model: nn.Module, input_shape: tuple[int, ...]) -> LayerChain:
    """The stages of a net that is a chain of modules.

    Args:
        model: an own copy of a net, with batch norm folded.
        input_shape: `[channels, height, width]` of one image.

    Raises:
        NotApplicable: a net with branches, or with operations between its modules.
    """
    modules = chain_modules(model, input_shape)
    if modules is None:
        raise NotApplicable("Jacobians between layers are of nets whose layers are a chain, without branches")
    names = {module: name for name, module in model.named_modules()}
    stages, between = [], list[nn.Module]()
    for module in modules:
        if isinstance(module, WEIGHT_TYPES):
            stages.append(Stage(names[module], tuple(between), module))
            between = []
        else:
            between.append(module)
    return LayerChain(tuple(stages))


def without_bias(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """The linear map of a layer, which has the layer's own weight."""
    bare = copy.deepcopy(layer, {id(layer.weight): layer.weight})
    bare.register_parameter("bias", None)
    return bare


@torch.enable_grad()
def column_squares(layer: nn.Linear | nn.Conv2d, input_shape: tuple[int, ...]) -> Tensor:
    """sum_o A[o, m]^2 for each input m of a layer as a linear map at its own input size, `[*input_shape]`; exact."""
    squared = copy.deepcopy(layer).requires_grad_(False)
    squared.weight.square_()
    squared.bias = None
    inputs = torch.zeros(1, *input_shape, dtype=layer.weight.dtype, device=layer.weight.device, requires_grad=True)
    (found,) = torch.autograd.grad(squared(inputs).sum(), inputs)
    return found[0]


def _is_tiling(module: nn.Module) -> bool:
    """Whether a module is a pool whose windows do not overlap."""
    if not isinstance(module, POOLS) or _pair(getattr(module, "dilation", 1)) != (1, 1):
        return False
    kernel, stride = _pair(module.kernel_size), _pair(module.stride)
    return all(step >= size for step, size in zip(stride, kernel, strict=True))


def _pair(number: int | tuple[int, ...]) -> tuple[int, int]:
    return (number, number) if isinstance(number, int) else (number[0], number[1])
