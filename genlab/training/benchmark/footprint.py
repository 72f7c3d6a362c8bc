"""How much memory training needs, and for what."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.randomness import generator_for
from genlab.training.benchmark.workload import Workload
from genlab.training.optimisers.state import state_tensors


@dataclass(frozen=True)
class Footprint:
    """Bytes of what training keeps on its device.

    Attributes:
        dataset_bytes: images and labels of training and test set, and the normalised copy where there is one.
        parameter_bytes: the weights; their gradients take as much again.
        optimiser_state_bytes: momentum and the like.
        activation_bytes: what a forward pass of one batch keeps for the backward pass, its images included and the
            weights not; under autocast the weights' copies in bfloat16 are.
    """

    dataset_bytes: int
    parameter_bytes: int
    optimiser_state_bytes: int
    activation_bytes: int

    @property
    def step_bytes(self) -> int:
        """All that one step works on: weights, gradients, what the optimiser remembers, and activations."""
        return 2 * self.parameter_bytes + self.optimiser_state_bytes + self.activation_bytes

    @property
    def moved_bytes(self) -> int:
        """What one step reads and writes at least, if nothing that is used twice is read once.

        Weights are read by the forward and the backward pass and gradients written; the update reads weights,
        gradients and its state and writes weights and state; activations are written once and read once.
        """
        return 6 * self.parameter_bytes + 2 * self.optimiser_state_bytes + 2 * self.activation_bytes


def footprint(workload: Workload) -> Footprint:
    """The footprint of a workload that has made a step, before which an optimiser has no state."""
    data = workload.dataset
    stored = (data.train_images, data.train_labels, data.true_labels, data.test_images, data.test_labels)
    # Where labels are not corrupted the true ones may be the same tensor.
    dataset = sum({tensor.data_ptr(): _bytes([tensor]) for tensor in stored}.values())
    return Footprint(
        dataset_bytes=dataset + workload.batches.float_copy_bytes,
        parameter_bytes=_bytes(workload.net.parameters.values()),
        optimiser_state_bytes=_bytes(state_tensors(workload.optimiser).values()),
        activation_bytes=activation_bytes(workload),
    )


def activation_bytes(workload: Workload) -> int:
    """Bytes of the tensors that autograd keeps between the forward and the backward pass of one batch, each once."""
    own = {tensor.untyped_storage().data_ptr() for tensor in workload.model.state_dict().values()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    seed, device = workload.config.seed, workload.device
    draws = workload.batches.draw(
        order_generator=generator_for(seed, "batches", 0),
        augmentation_generator=generator_for(seed, "augmentation", 0),
    )
    images, labels = workload.batches.batch(draws, 0, workload.batch_size)
    generator = generator_for(seed, "dropout", 0, device=device) if workload.net.draws else None
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        with torch.autocast(device.type, torch.bfloat16, enabled=workload.bfloat16):
            logits = workload.net.forward(workload.net.parameters, images, generator)
        loss = F.cross_entropy(logits.float(), labels)
    assert loss.grad_fn is not None  # alive until here, so that no two kept tensors had the same place in memory
    return sum(kept.values())


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
