"""Nets of one group and their batches, built side by side."""

from collections.abc import Sequence

from torch import nn

from genlab.config.schema import TrainConfig
from genlab.data.stacked import StackedBatches, StackedDataset
from genlab.training.together.lanes import LaneBatches, LaneNets, shares
from genlab.training.together.stacked_nets import StackedNets


def stacked(
    models: Sequence[nn.Module],
    configs: Sequence[TrainConfig],
    data: StackedDataset,
    *,
    evaluation_batch: int,
    lanes: int = 1,
) -> tuple[LaneNets, LaneBatches]:
    """Nets of one `group_key` and their batches, side by side.

    Args:
        models: one a config, on their device; their weights are copied.
        data: of all nets, on the same device.
    """
    bfloat16 = configs[0].gradient.precision == "bfloat16"
    stacks, batches, whole = [], [], StackedBatches(data)
    for share in shares(len(models), lanes):
        part = data.keep(share)
        settings = [configs[index].gradient.optimiser.model_dump() for index in share]
        own = [models[index] for index in share]
        stacks.append(StackedNets(own, settings, part, evaluation_batch=evaluation_batch, bfloat16=bfloat16))
        batches.append(whole.part(share))
    return LaneNets(stacks), LaneBatches(batches)
