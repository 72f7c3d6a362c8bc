"""Optimisers by name, with the library's fused kernels, and their state as named tensors."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def build_optimiser(
    parameters: Iterable[Tensor], name: str, learning_rate: float, **settings: Any
) -> torch.optim.Optimizer:
    """SGD or Adam over all parameters, biases and batch-norm parameters included in the weight decay.

    Args:
        name: "sgd" (momentum, nesterov, weight_decay) or "adam" (beta1, beta2, epsilon, weight_decay).
        learning_rate: at the start; a schedule sets it anew before every step.
    """
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=learning_rate, fused=True, **settings)
    if name == "adam":
        betas = (settings.pop("beta1"), settings.pop("beta2"))
        return torch.optim.Adam(
            parameters, lr=learning_rate, betas=betas, eps=settings.pop("epsilon"), fused=True, **settings
        )
    raise ValueError(f"no optimiser named {name!r}")


def state_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Everything the optimiser remembers, as tensors named `<parameter number>/<quantity>`."""
    return {
        f"{index}/{key}": value
        for index, state in optimiser.state_dict()["state"].items()
        for key, value in state.items()
        if value is not None
    }


def load_state_tensors(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `state_tensors` gave, with the device and strides of each parameter.

    The strides matter: fused kernels walk over parameter and momentum side by side in memory.
    """
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition("/")
        parameter = parameters[int(index)]
        like_parameter = value.shape == parameter.shape and value.dim() > 0
        restored = torch.empty_like(parameter).detach().copy_(value) if like_parameter else value
        state.setdefault(int(index), {})[key] = restored
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def set_learning_rate(optimiser: torch.optim.Optimizer, learning_rate: float) -> None:
    """The learning rate of the next step."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate
