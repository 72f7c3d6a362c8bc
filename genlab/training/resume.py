"""Checkpoints of one net's training: all that resuming needs, which is weights, optimiser state and the step."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from genlab.errors import GenlabError
from genlab.rundir.checkpoints import load_tensors, save_tensors
from genlab.rundir.layout import RunDirectory

REMEDY = "remove it and start again: the run then begins anew from its initial weights"


@dataclass(frozen=True)
class Checkpoint:
    """Where a run goes on from.

    Attributes:
        weights: parameters and buffers by the names of the module.
        optimiser_state: as `optimisers.state.state_tensors` names it.
        step: gradient steps done.
    """

    weights: dict[str, Tensor]
    optimiser_state: dict[str, Tensor]
    step: int


def save_checkpoint(
    run: RunDirectory, weights: Mapping[str, Tensor], optimiser_state: Mapping[str, Tensor], step: int
) -> None:
    """Replace the checkpoint, atomically."""
    tensors = {f"model/{name}": tensor for name, tensor in weights.items()}
    tensors |= {f"optimiser/{name}": tensor for name, tensor in optimiser_state.items()}
    save_tensors(run.checkpoint, tensors, {"step": step, "run_id": run.run_id})


def load_checkpoint(run: RunDirectory) -> Checkpoint:
    """What `save_checkpoint` wrote, on the CPU.

    Raises:
        GenlabError: the checkpoint is damaged or of another run.
    """
    tensors, state = load_tensors(run.checkpoint, REMEDY)
    step = state.get("step")
    if state.get("run_id") != run.run_id or not isinstance(step, int):
        raise GenlabError(f"{run.checkpoint}: belongs to run {state.get('run_id')}; {REMEDY}")
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimiser": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    return Checkpoint(parts["model"], parts["optimiser"], step)
