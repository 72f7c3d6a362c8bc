"""What goes into each layer of a net and what comes out, batch by batch of training images."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import Tensor, nn

from genlab.data.batches import evaluation_batches
from genlab.data.dataset import Dataset

# The first ones of the training set; the histograms of Arora et al. 2018 are of 500 and 1,000.
IMAGES = 1000
# Whose inputs and outputs of all layers are in memory at once.
BATCH_SIZE = 50
Calls = dict[str, tuple[Tensor, Tensor]]


def layer_batches(model: nn.Module, names: Iterable[str], dataset: Dataset) -> Iterator[Calls]:
    """By name of a layer its input and output of a few images, for the first `IMAGES` training images, in order.

    Args:
        model: evaluation mode, on the device of the data set.
        names: of modules, each called once in a forward pass.
    """
    for images in _images(dataset):
        yield layer_calls(model, names, images)


def layer_calls(model: nn.Module, names: Iterable[str], images: Tensor) -> Calls:
    """By name of a module its input and output in one forward pass."""
    calls: Calls = {}

    def hook(name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
        # Copies, since a net may work in place on what a layer gives.
        return lambda _, inputs, output: calls.__setitem__(name, (inputs[0].clone(), output.clone()))

    handles = [model.get_submodule(name).register_forward_hook(hook(name)) for name in names]
    try:
        model(images)
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _images(dataset: Dataset) -> Iterator[Tensor]:
    images, labels = dataset.train_images[:IMAGES], dataset.train_labels[:IMAGES]
    batches = evaluation_batches(images, labels, dataset.normalisation, dataset.input_size, BATCH_SIZE)
    return (batch for batch, _ in batches)
