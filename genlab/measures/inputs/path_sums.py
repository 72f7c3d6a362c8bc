"""The sum over all paths through a net of the product of the weights on each, as a logarithm.

Through chains of modules, and through nets with branches where every operation between modules is known.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from genlab.measures.computing.value import NotApplicable
from genlab.models.dropout import Dropout
from genlab.models.graph import UntraceableNetError, traced
from genlab.models.traversal import chain_modules

# What leaves non-negative activations as they are when the net is evaluated.
TRANSPARENT = (nn.ReLU, nn.Identity, nn.Dropout, nn.Dropout2d, Dropout)
# The same between modules, by the names of functions and methods.
UNCHANGED = ("relu", "relu_", "dropout", "clone", "contiguous")
SUMS = ("add", "iadd", "add_")
CONCATENATIONS = ("cat", "concat", "concatenate")
POOLS: dict[Callable[..., Any], type[nn.Module]] = {
    F.max_pool2d: nn.MaxPool2d,
    torch.max_pool2d: nn.MaxPool2d,
    F.avg_pool2d: nn.AvgPool2d,
    F.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
}


class Sums(NamedTuple):
    """Sums over the paths to each activation, `values` times e to the `log`; brought back to a largest value of 1."""

    values: Tensor
    log: float


@torch.no_grad()
def log_path_sum(model: nn.Module, input_shape: tuple[int, ...], p: int, max_pool: Literal["max", "sum"]) -> float:
    """ln of the sum over all paths of prod |w|^p, accumulated in float64.

    Args:
        model: in evaluation mode, without batch norm; not changed.

    Raises:
        NotApplicable: a module or an operation between modules that no rule here is of, or only paths of weight 0.
    """
    device = next((parameter.device for parameter in model.parameters()), None)
    images = Sums(torch.ones(1, *input_shape, dtype=torch.float64, device=device), 0.0)
    chain = chain_modules(model, input_shape)
    if chain is not None:
        sums = images
        for module in chain:
            sums = _after(module, sums, p, max_pool)
    else:
        sums = _through_branches(model, input_shape, images, p, max_pool)
    return sums.log + math.log(float(sums.values.sum()))


def _after(module: nn.Module, sums: Sums, p: int, max_pool: Literal["max", "sum"]) -> Sums:
    values, shift = _pass(module, sums.values, p, max_pool)
    return _levelled(Sums(values, sums.log + shift))


def _levelled(sums: Sums) -> Sums:
    """The same with a largest value of 1."""
    largest = float(sums.values.max())
    if largest == 0:
        raise NotApplicable("every path has weight 0, and 0 has no logarithm")
    return Sums(sums.values / largest, sums.log + math.log(largest))


def _through_branches(
    model: nn.Module, input_shape: tuple[int, ...], images: Sums, p: int, max_pool: Literal["max", "sum"]
) -> Sums:
    """The sums at the outputs of a net whose operations are followed one by one."""
    try:
        graph = traced(model, input_shape)
    except UntraceableNetError as why:
        raise NotApplicable(f"the net has branches or operations between its modules, and {why}") from None
    known: dict[fx.Node, Sums] = {}
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            known[node] = images
        elif node.op == "call_module":
            known[node] = _after(graph.get_submodule(str(node.target)), _at(node.args[0], known), p, max_pool)
        elif node.op in ("call_function", "call_method"):
            known[node] = _operation(node, known, p, max_pool)
            if _name(node) in ("iadd", "add_") and isinstance(node.args[0], fx.Node):
                known[node.args[0]] = known[node]  # it changes what it is added to
        elif node.op == "output":
            return _at(node.args[0], known)
        else:
            raise NotApplicable(f"path norms are not defined here for a net with numbers of its own ({node.target})")
    raise AssertionError("a graph ends with its output")


def _operation(node: fx.Node, known: Mapping[fx.Node, Sums], p: int, max_pool: Literal["max", "sum"]) -> Sums:
    """The sums after an operation between modules."""
    name, args, options = _name(node), node.args, node.kwargs
    if name in CONCATENATIONS and (args[1] if len(args) > 1 else options.get("dim")) in (1, -3):
        values, log = _aligned([_at(part, known) for part in _listed(args[0])])
        return Sums(torch.cat(values, 1), log)
    if name in SUMS and not options and all(isinstance(part, fx.Node) for part in args):
        values, log = _aligned([_at(part, known) for part in args])
        return _levelled(Sums(values[0] + values[1], log))
    if args and name in UNCHANGED:
        return _at(args[0], known)
    if name == "flatten" and (*args[1:], *options.values()) == (1,):
        return Sums(_at(args[0], known).values.flatten(1), _at(args[0], known).log)
    if node.op == "call_function" and node.target in POOLS:
        return _after(POOLS[node.target](*args[1:], **options), _at(args[0], known), p, max_pool)
    raise NotApplicable(f"path norms are not defined here for a net with {name} between its modules")


def _at(part: Any, known: Mapping[fx.Node, Sums]) -> Sums:
    """The sums at what an operation is given."""
    if isinstance(part, fx.Node) and part in known:
        return known[part]
    raise NotApplicable("path norms are not defined here for a net whose modules are given more than activations")


def _listed(parts: Any) -> Sequence[Any]:
    return parts if isinstance(parts, list | tuple) else [parts]


def _name(node: fx.Node) -> str:
    """Of a function or method, as torch calls it."""
    return str(getattr(node.target, "__name__", node.target))


def _aligned(parts: Sequence[Sums]) -> tuple[list[Tensor], float]:
    """The values of all with one logarithm, the largest; what is smaller by more than float64 can tell becomes 0."""
    largest = max(part.log for part in parts)
    return [part.values * math.exp(part.log - largest) for part in parts], largest


def _pass(module: nn.Module, sums: Tensor, p: int, max_pool: Literal["max", "sum"]) -> tuple[Tensor, float]:
    """The sums after one module, but for a factor whose logarithm comes second."""
    if isinstance(module, TRANSPARENT):
        return sums, 0.0
    if isinstance(module, nn.Flatten):
        return module(sums), 0.0
    if isinstance(module, nn.Linear | nn.Conv2d):
        return _pass_weights(module, sums, p)
    if isinstance(module, nn.MaxPool2d):
        return (module(sums) if max_pool == "max" else _window_sums(module, sums)), 0.0
    if isinstance(module, nn.AvgPool2d):
        # What the pool makes of ones, over how many of them there are, is the weight 1/k of its cells.
        ones = torch.ones_like(sums)
        weight = module(ones) / _window_sums(module, ones)
        return _window_sums(module, sums) * weight**p, 0.0
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return _pass(_plain_pool(module, sums), sums, p, max_pool)
    raise NotApplicable(f"path norms are not defined here for a net with {type(module).__name__}")


def _pass_weights(module: nn.Linear | nn.Conv2d, sums: Tensor, p: int) -> tuple[Tensor, float]:
    weight = module.weight.double().abs()
    largest = float(weight.max())
    if largest == 0:
        raise NotApplicable("every path has weight 0, and 0 has no logarithm")
    powers, shift = (weight / largest) ** p, p * math.log(largest)
    if isinstance(module, nn.Linear):
        return F.linear(sums, powers), shift
    if module.padding_mode != "zeros":
        raise NotApplicable(f"path norms are not defined here for padding with {module.padding_mode}")
    return F.conv2d(sums, powers, None, module.stride, module.padding, module.dilation, module.groups), shift


def _window_sums(pool: nn.MaxPool2d | nn.AvgPool2d, sums: Tensor) -> Tensor:
    """The sum over each window of a pool, padded cells being 0."""
    if isinstance(pool, nn.MaxPool2d) and pool.dilation not in (1, (1, 1)):
        raise NotApplicable("the sum form of a path norm is not defined here for a dilated max pool")
    return F.avg_pool2d(sums, pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode, divisor_override=1)


def _plain_pool(pool: nn.AdaptiveAvgPool2d, sums: Tensor) -> nn.AvgPool2d:
    """The average pool over windows of one size that an adaptive one is here."""
    sizes = pool.output_size if isinstance(pool.output_size, tuple) else (pool.output_size, pool.output_size)
    wanted = [have if size is None else size for size, have in zip(sizes, sums.shape[2:], strict=True)]
    if any(have % size for have, size in zip(sums.shape[2:], wanted, strict=True)):
        raise NotApplicable("path norms are not defined here for an adaptive pool over windows of different sizes")
    return nn.AvgPool2d((sums.shape[2] // wanted[0], sums.shape[3] // wanted[1]))
