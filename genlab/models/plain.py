"""A net without what training wraps it in, its layers with the weights that they stand for."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

# What wraps a net, or a part of it, without changing what it computes, and the attribute that holds it.
WRAPPED_IN = {
    "OptimizedModule": "_orig_mod",  # torch.compile
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "AveragedModel": "module",  # torch.optim.swa_utils
}


class UnreadableNetError(ValueError):
    """A net that cannot be looked into; the message says why, and what to give instead."""


def plain(model: nn.Module) -> nn.Module:
    """A copy of a net without compilation, data parallelism or averaging around it or around parts of it.

    Layers whose weights are made from others (weight norm, spectral norm, pruning, `torch.nn.utils.parametrize`) become
    layers with the weights that they stand for in evaluation mode.

    Args:
        model: not changed.

    Raises:
        UnreadableNetError: it is scripted or traced, so that its layers cannot be seen.
    """
    copied = copied_net(unwrapped(model))
    while wrapped := _first_wrapped(copied):
        copied.set_submodule(*wrapped)
    for name, module in copied.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise UnreadableNetError(
                f"{name or 'it'} is compiled by torch.jit, and its layers cannot be seen; give the net before that"
            )
    for module in copied.eval().modules():
        _give_its_own_weights(module)
    return copied


def _first_wrapped(model: nn.Module) -> tuple[str, nn.Module] | None:
    """The name of a part that is wrapped, and what is inside of it; there may be wrappers within that."""
    for name, module in model.named_modules():
        if name and (inner := unwrapped(module)) is not module:
            return name, inner
    return None


def unwrapped(module: nn.Module) -> nn.Module:
    """What is inside of all that wraps a module; the module itself where nothing does."""
    while (attribute := WRAPPED_IN.get(type(module).__name__)) and isinstance(getattr(module, attribute), nn.Module):
        module = getattr(module, attribute)
    return module


def copied_net(model: nn.Module) -> nn.Module:
    """A deep copy; weights that the last forward pass made from others are no leaves, which torch does not copy."""
    made = [value for module in model.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    return copy.deepcopy(model, {id(tensor): tensor.detach().clone() for tensor in made if not tensor.is_leaf})


def _give_its_own_weights(module: nn.Module) -> None:
    before = set(dict(module.named_parameters(recurse=False)))
    if parametrize.is_parametrized(module):
        # `remove_parametrizations` changes the class, which the net that was copied has too.
        names = list(module.parametrizations)  # type: ignore[arg-type]
        values = {name: getattr(module, name).detach().clone() for name in names}
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
        for name, value in values.items():
            module.register_parameter(name, nn.Parameter(value))
    for hook in list(module._forward_pre_hooks.values()):
        if isinstance(hook, WeightNorm):
            remove_weight_norm(module, hook.name)
        elif isinstance(hook, SpectralNorm):
            remove_spectral_norm(module, hook.name)
        elif isinstance(hook, prune.BasePruningMethod):
            prune.remove(module, hook._tensor_name)
    own = dict(module.named_parameters(recurse=False))
    if own.keys() - before:
        # In the order that such layers have otherwise, weights before biases: random vectors are drawn along it.
        for name in sorted(own, key=lambda name: name in before):
            parameter = own[name]
            delattr(module, name)
            module.register_parameter(name, parameter)
