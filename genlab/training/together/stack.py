"""Nets of one group and their batches, built side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from genlab.config.schema import TrainConfig
from genlab.data.stacked import StackedBatches, StackedDataset
from genlab.training.together.lanes import LaneBatches, LaneNets, shares
from genlab.training.together.stacked_nets import StackedNets


@dataclass(frozen=True)
class GroupStep:
    """A training step and an evaluation of one net of a group.

    Attributes:
        optimiser: the arguments of `build_optimiser`; of the net itself where rate and weight decay count.
        batch_size: images a step.
        bfloat16: forward passes of training under autocast.
        evaluation_batch: images a batch of an evaluation.
    """

    optimiser: Mapping[str, Any]
    batch_size: int
    bfloat16: bool
    evaluation_batch: int


def group_step(config: TrainConfig, evaluation_batch: int) -> GroupStep:
    """The step that a config asks for."""
    training = config.gradient
    bfloat16 = training.precision == "bfloat16"
    return GroupStep(training.optimiser.model_dump(), training.batch_size, bfloat16, evaluation_batch)


def stacked(
    models: Sequence[nn.Module], steps: Sequence[GroupStep], data: StackedDataset, *, lanes: int = 1
) -> tuple[LaneNets, LaneBatches]:
    """Nets of one `group_key` and their batches, side by side.

    Args:
        models: on their device; their weights are copied.
        steps: one a net, which may differ in the optimiser's learning rate and weight decay.
        data: of all nets, on the same device.
    """
    first = steps[0]
    stacks, batches, whole = [], [], StackedBatches(data)
    for share in shares(len(models), lanes):
        nets = StackedNets(
            [models[index] for index in share],
            [steps[index].optimiser for index in share],
            data.keep(share),
            evaluation_batch=first.evaluation_batch,
            bfloat16=first.bfloat16,
        )
        stacks.append(nets)
        batches.append(whole.part(share))
    return LaneNets(stacks), LaneBatches(batches)
