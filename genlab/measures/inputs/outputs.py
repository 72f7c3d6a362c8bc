"""Labels, images and outputs of the net, and the history of its training."""

import copy

import pandas as pd
import torch
from torch import Tensor

from genlab.data.batches import evaluation_batches
from genlab.data.images import centre_crop
from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.subject import Subject, training_batches
from genlab.measures.inputs.vocabulary import provides
from genlab.models.logits import margins_of
from genlab.randomness import generator_for

BATCH_SIZE = 256
SAMPLE_SIZE = 100


@provides
def labels(subject: Subject) -> Tensor:
    """The training labels as trained on, corrupted ones included, int64 `[n]`."""
    return subject.dataset.train_labels.long()


@provides
def logits(subject: Subject) -> Tensor:
    """Outputs f(x) on the training images without augmentation, evaluation mode, float64 `[n, classes]`.

    Computed in float64 throughout, so that neither the batch size nor the order of a sum shows.
    """
    return training_logits(subject)


@provides
def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """f(x)[y] - max_{j != y} f(x)[j] of every training image, sign kept, float64 `[n]`."""
    return margins_of(logits, labels)


@provides
def train_images(subject: Subject) -> Tensor:
    """The training images as the net takes them, without augmentation, float32 `[n, channels, height, width]`."""
    dataset = subject.dataset
    batches = evaluation_batches(
        dataset.train_images, dataset.train_labels, dataset.normalisation, dataset.input_size, BATCH_SIZE
    )
    return torch.cat([images for images, _ in batches]).contiguous(memory_format=torch.channels_last)


@provides
def image_sample(subject: Subject) -> Tensor:
    """Up to 100 training images as the net sees them, the first of a random order, float64 `[m, c, height, width]`."""
    dataset = subject.dataset
    order = torch.randperm(len(dataset.train_images), generator=generator_for(subject.seed, "measure", "image_sample"))
    chosen = dataset.train_images[order[:SAMPLE_SIZE].to(dataset.train_images.device)]
    return dataset.normalisation(centre_crop(chosen, dataset.input_size), torch.float64)


@provides
def history(subject: Subject) -> pd.DataFrame:
    """Losses and errors at each evaluation during training, with the columns of `history.csv`."""
    if subject.history is None or subject.history.empty:
        raise NotApplicable("this run has no history of its training")
    return subject.history


def training_logits(subject: Subject, batch_size: int = BATCH_SIZE) -> Tensor:
    """Logits `[n, classes]` of a subject's net on its training images, float64."""
    net = copy.deepcopy(subject.model).double().eval().to(memory_format=torch.channels_last)
    with torch.inference_mode():
        outputs = torch.cat([net(images) for images, _ in training_batches(subject, batch_size)])
    # A copy made outside inference mode is an ordinary tensor, which autograd may see.
    return outputs.clone()
