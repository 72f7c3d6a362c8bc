"""The state of an optimiser as named tensors, and its learning rate."""

import torch
from torch import Tensor


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
