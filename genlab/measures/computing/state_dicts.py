"""The weights of a net among what training frameworks leave in a checkpoint."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

# Parts of names that stand for a wrapper: DataParallel and AveragedModel, torch.compile, FSDP.
WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module"}
# What counts beside the weights and changes no output: batches seen, nets averaged, operations counted by a profiler.
COUNTERS = {"num_batches_tracked", "n_averaged", "total_ops", "total_params"}
# Of several nets in a file one with such a word in its name is an average of another, and is taken last.
AVERAGED = ("ema", "swa", "average", "avg", "teacher", "target", "momentum")
# A checkpoint nests its state_dict no deeper.
DEEPEST = 4


@dataclass(frozen=True)
class Found:
    """A net in a checkpoint.

    Attributes:
        label: the keys on the way to it and the beginning that its names have in common, with dots; empty for a bare
            state_dict.
        state: tensors by the names that the net has for them.
    """

    label: str
    state: dict[str, Tensor]


class NoStateError(ValueError):
    """There is no state_dict of the net; the message says what there is, and follows the name of the file."""


def find_state(content: Mapping[Any, Any], net: nn.Module, key: str | None = None) -> tuple[Found, list[str]]:
    """The weights of a net in what a file holds.

    Looked for in the mapping itself and in those within it, under whatever beginning the names have (`model.`,
    `module.`), beside whatever else there is; under one beginning there must be the tensors of the net and no others,
    counters aside. Of several nets that fit an averaged one is taken last, else the first of the file.

    Args:
        key: label of the one to take.

    Returns:
        It, and the labels of all that fit.

    Raises:
        NoStateError: none fits, or none of that label; or its tensors are of a kind that no net takes.
    """
    candidates = list(_candidates(content, ()))
    if not candidates:
        raise NoStateError(_nothing(content))
    fitting: dict[str, Found] = {}
    misfits: list[tuple[int, str]] = []
    for path, tensors in candidates:
        named = without_wrappers(tensors, net)
        for prefix in _prefixes(named, net):
            inside = {name.removeprefix(prefix): tensor for name, tensor in named.items() if name.startswith(prefix)}
            problem = other_net(net, inside)
            label = ".".join((*path, *prefix.split("."))).strip(".")
            if not problem:
                fitting.setdefault(label, Found(label, inside))
            else:
                misfits.append((len(inside.keys() & net.state_dict().keys()), problem))
    if not fitting:
        raise NoStateError(f"is of another net than --model gives: {max(misfits, key=lambda found: found[0])[1]}")
    if key is not None and key not in fitting:
        raise NoStateError(
            f"has no net at --key {key}; there is {', '.join(label or 'a bare one' for label in fitting)}"
        )
    chosen = min(fitting.values(), key=lambda found: _averaged(found.label)) if key is None else fitting[key]
    if problem := _unusable(net, chosen.state):
        raise NoStateError(problem)
    return Found(chosen.label, filled(net, chosen.state)), list(fitting)


def other_net(net: nn.Module, state: Mapping[str, Tensor]) -> str:
    """What first tells a state_dict from that of a net, in words; empty where it fits, counters aside."""
    own = net.state_dict()
    for name in sorted(own.keys() | state.keys()):
        if name.rpartition(".")[2] in COUNTERS:
            continue
        if name not in own:
            return f"it has {name} besides"
        if name not in state:
            return f"it has no {name}"
        if own[name].shape != state[name].shape:
            return f"its {name} is of shape {list(state[name].shape)} and not {list(own[name].shape)}"
    return ""


def filled(net: nn.Module, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state_dict that fits, with the net's own counters where it has none and without those that the net lacks."""
    return {name: state.get(name, tensor) for name, tensor in net.state_dict().items()}


def without_wrappers(state: Mapping[str, Tensor], net: nn.Module | None = None) -> dict[str, Tensor]:
    """The tensors by names without the parts that stand for wrappers, unless the net has modules of that name."""
    own = {part for name in (net.state_dict() if net is not None else ()) for part in name.split(".")}
    parts = WRAPPERS - own
    return {".".join(part for part in name.split(".") if part not in parts): tensor for name, tensor in state.items()}


def _candidates(
    content: Mapping[Any, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Every mapping that has tensors by name, with the keys on the way to it."""
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if tensors:
        yield path, tensors
    for name, value in content.items():
        if isinstance(name, str) and isinstance(value, Mapping) and len(path) < DEEPEST:
            yield from _candidates(value, (*path, name))


def _prefixes(tensors: Mapping[str, Tensor], net: nn.Module) -> list[str]:
    """What may stand before the names of the net, each once, in the order of the file; at least the empty one."""
    first = next((name for name in net.state_dict() if name.rpartition(".")[2] not in COUNTERS), "")
    ending = [name.removesuffix(first) for name in tensors if name.endswith(first)]
    return list(dict.fromkeys(prefix for prefix in ending if not prefix or prefix.endswith("."))) or [""]


def _averaged(label: str) -> bool:
    return any(word in label.lower() for word in AVERAGED)


def _nothing(content: Mapping[Any, Any]) -> str:
    numbered = next((name for name, value in content.items() if isinstance(value, Tensor)), None)
    if numbered is not None:
        return f"names its tensors by a {type(numbered).__name__} ({numbered!r}); save net.state_dict() instead"
    return "holds no state_dict (tensors by name); save net.state_dict()"


def _unusable(net: nn.Module, state: Mapping[str, Tensor]) -> str:
    """Why the first tensor that cannot be copied into a net's own cannot, in words."""
    for name, own in net.state_dict().items():
        tensor = state.get(name, own)
        if tensor.is_meta:
            return f"has no numbers in its {name} (it was saved from the meta device); save it from a CPU or a GPU"
        if tensor.layout != torch.strided:
            return f"has a sparse {name}; save it after to_dense()"
        if tensor.is_quantized:
            return f"has a quantised {name}; save it after dequantize()"
        if tensor.is_complex() and not own.is_complex():
            return f"has a complex {name}, and that of --model is {_type(own)}"
        if own.is_floating_point() and not tensor.is_floating_point():
            return f"has a {name} of type {_type(tensor)}, and that of --model is {_type(own)}; convert it first"
    return ""


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
