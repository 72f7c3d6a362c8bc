"""Checkpoints of a single net's training: all that resuming needs, which is weights, optimiser state and the step."""

from typing import Any

import torch
from torch import nn

from genlab.errors import GenlabError
from genlab.rundir.checkpoints import load_into, load_tensors, save_tensors
from genlab.rundir.layout import RunDirectory
from genlab.training.optimisers import load_state_tensors, state_tensors


def save_checkpoint(run: RunDirectory, model: nn.Module, optimiser: torch.optim.Optimizer, step: int) -> None:
    """Replace the checkpoint, atomically."""
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"optimiser/{name}": tensor for name, tensor in state_tensors(optimiser).items()}
    state: dict[str, Any] = {"step": step, "run_id": run.run_id}
    save_tensors(run.checkpoint, tensors, state)


def load_checkpoint(run: RunDirectory, model: nn.Module, optimiser: torch.optim.Optimizer) -> int:
    """Put the checkpoint's weights and optimiser state back, in place.

    Returns:
        The step to go on from.

    Raises:
        GenlabError: the checkpoint is damaged or of another run; nothing has been changed then.
    """
    remedy = "remove it and start again: the run then begins anew from its initial weights"
    tensors, state = load_tensors(run.checkpoint, remedy)
    if state.get("run_id") != run.run_id or not isinstance(state.get("step"), int):
        raise GenlabError(f"{run.checkpoint}: belongs to run {state.get('run_id')}; {remedy}")
    parts: dict[str, dict[str, torch.Tensor]] = {"model": {}, "optimiser": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    load_into(model, parts["model"], run.checkpoint)
    load_state_tensors(optimiser, parts["optimiser"])
    return state["step"]
