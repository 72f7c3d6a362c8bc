"""A short training of a compressed net that moves only what is stored of it."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.compression.settings import Retraining
from genlab.compression.structure import StoredLayer, WeightModule, assemble
from genlab.data.batches import TrainBatches, batch_bounds
from genlab.data.dataset import Dataset
from genlab.errors import UsageError
from genlab.randomness import generator_for
from genlab.training.optimisers.sgd import sgd

MOMENTUM = 0.9


def retrained(
    dense: nn.Module,
    layers: Mapping[str, WeightModule],
    stored: Mapping[str, StoredLayer],
    retraining: Retraining,
    dataset: Dataset | None,
    seed: int | None,
) -> tuple[nn.Module, dict[str, StoredLayer]]:
    r"""The net trained again by gradient descent on the numbers that are stored of its layers.

    The float tensors of each compressed layer are the parameters, and its weights a function of them (`restorer` of its
    form): weights that were cut stay zero, factors stay factors, codes stay and the values that they name move. Layers
    that were not compressed, and biases, are trained with them. The loss is the mean cross-entropy on the labels as
    trained on, the augmentation that of the run; batch norm is folded in and dropout is off. Batches depend on the seed
    and the epoch alone, so that all settings of a run see the same.

    Args:
        dense: of `dense_network`; not changed.
        layers: of `layers_by_name`.
        stored: by name of the layer.
        dataset: with training images, on the device of the net.
        seed: of the run.

    Returns:
        A net like `dense` with the weights of the layers that are not stored, and the stored ones.

    Raises:
        UsageError: a form that cannot be trained, or no data set or seed is given.
    """
    if dataset is None or seed is None:
        raise UsageError("training again needs training images and a seed, and they were not given")
    model = assemble(dense, layers, stored)
    restorers, floats = {}, {}
    for name, layer in stored.items():
        make = getattr(layer.form, "restorer", None)
        if make is None:
            raise UsageError(f"layer {name}: what is stored of it cannot be trained again")
        restorers[name] = make(layers[name], layer.tensors)
        floats[name] = {
            key: tensor.clone().requires_grad_() for key, tensor in layer.tensors.items() if tensor.is_floating_point()
        }
    others = {
        key: parameter.detach().clone().requires_grad_()
        for key, parameter in model.named_parameters()
        if not any(key.startswith(f"{name}.") for name in stored)
    }
    leaves = [*others.values(), *(tensor for own in floats.values() for tensor in own.values())]
    optimiser: Any = sgd(leaves, retraining.learning_rate, momentum=MOMENTUM)
    batches = TrainBatches(dataset)
    with torch.enable_grad():
        for epoch in range(1, retraining.epochs + 1):
            draws = batches.draw(
                order_generator=generator_for(seed, "compression", "retraining", "batches", epoch),
                augmentation_generator=generator_for(seed, "compression", "retraining", "augmentation", epoch),
            )
            for start, stop in batch_bounds(len(batches), retraining.batch_size):
                images, labels = batches.batch(draws, start, stop)
                state = dict(others)
                for name, restore in restorers.items():
                    state |= {f"{name}.{key}": tensor for key, tensor in restore(floats[name]).items()}
                loss = F.cross_entropy(torch.func.functional_call(model, state, (images,)), labels)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    after = copy.deepcopy(dense)
    after.load_state_dict({key: tensor.detach() for key, tensor in others.items()}, strict=False)
    return after, {name: _moved(layer, floats[name]) for name, layer in stored.items()}


def _moved(layer: StoredLayer, floats: Mapping[str, Tensor]) -> StoredLayer:
    tensors = {key: floats[key].detach() if key in floats else tensor for key, tensor in layer.tensors.items()}
    return StoredLayer(layer.form, tensors)
