"""What a compression method may ask for, by parameter name. Each is computed once a net, on first use."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.compression.evaluation import BATCH_SIZE, Outcome, Reference, logits, outcome, reference_outputs
from genlab.compression.settings import Setting
from genlab.compression.structure import CompressedLayer, WeightModule, assemble, single_precision
from genlab.config.vocabulary import Input, provider
from genlab.data.batches import evaluation_batches
from genlab.data.dataset import Dataset
from genlab.errors import UsageError
from genlab.randomness import generator_for

INPUTS: dict[str, Input] = {}
provides = provider(INPUTS)
Evaluate = Callable[[Mapping[str, CompressedLayer]], Outcome]
# Who asks for an input: a setting, or by its name another input, which all settings share.
Consumer = Setting | str


@dataclass(frozen=True)
class Subject:
    """A net to be compressed.

    Attributes:
        dense: of `dense_network`; never changed.
        layers: of `layers_by_name`.
        input_shape: `[channels, height, width]` of one image.
        dataset: that it was trained on, on the device; None where methods that look at images are not asked for.
        seed: of the run; None where methods that draw random numbers are not asked for.
    """

    dense: nn.Module
    layers: Mapping[str, WeightModule]
    input_shape: tuple[int, ...]
    dataset: Dataset | None = None
    seed: int | None = None


@provides
def layers(subject: Subject, consumer: Consumer) -> dict[str, WeightModule]:
    """The layers that the setting names, in forward order, float64, batch norm folded in; not to be changed.

    For another input, which is not of one setting, all layers of the net.
    """
    named = consumer.layers if isinstance(consumer, Setting) else None
    return {name: layer for name, layer in subject.layers.items() if named is None or name in named}


@provides
def model(subject: Subject) -> nn.Module:
    """The whole net, float64, batch norm folded in, evaluation mode; not to be changed."""
    return subject.dense


@provides
def input_shape(subject: Subject) -> tuple[int, ...]:
    """`[channels, height, width]` of one image as the net sees it."""
    return tuple(subject.input_shape)


@provides
def generator(subject: Subject, consumer: Consumer) -> torch.Generator:
    """Random numbers of one setting, derived from the run's seed, the method and the setting's label, on the CPU.

    For another input they are derived from its name: it is shared by all settings.
    """
    if subject.seed is None:
        raise UsageError("the method draws random numbers, and no seed was given")
    name = (consumer.method, consumer.label) if isinstance(consumer, Setting) else (consumer,)
    return generator_for(subject.seed, "compression", *name)


@provides
def followed(consumer: Consumer) -> bool:
    """Whether another method codes further what this one stores."""
    return isinstance(consumer, Setting) and bool(consumer.then)


@provides
def train_images(subject: Subject) -> Tensor:
    """The training images as the net takes them, without augmentation, float32 `[n, channels, height, width]`."""
    dataset = _dataset(subject)
    batches = evaluation_batches(
        dataset.train_images, dataset.train_labels, dataset.normalisation, dataset.input_size, BATCH_SIZE
    )
    return torch.cat([images for images, _ in batches])


@provides
def train_labels(subject: Subject) -> Tensor:
    """The training labels as trained on, corrupted ones included, int64 `[n]`."""
    return _dataset(subject).train_labels


@provides
def reference(subject: Subject) -> Reference:
    """The net before compression in float32, with its outputs and margins on the training images."""
    return reference_outputs(single_precision(copy.deepcopy(subject.dense)), _dataset(subject))


@provides
def evaluate(subject: Subject, reference: Reference) -> Evaluate:
    """A function from layers, as a method returns them, to what the net does with them on the training images.

    For methods that search. It knows no test images: the test error of what was chosen by it would say nothing. It
    raises `UsageError` for layers with which the outputs are not all finite.
    """
    dataset = _dataset(subject)

    def evaluated(candidate: Mapping[str, CompressedLayer]) -> Outcome:
        stored = {name: layer.stored for name, layer in candidate.items()}
        net = assemble(subject.dense, subject.layers, stored)
        outputs = logits(net, dataset, "train")
        if not outputs.isfinite().all():
            raise UsageError("the training outputs of a candidate are not all finite")
        return outcome(reference, outputs, dataset)

    return evaluated


def _dataset(subject: Subject) -> Dataset:
    if subject.dataset is None:
        raise UsageError("the method looks at training images, and none were given")
    return subject.dataset
