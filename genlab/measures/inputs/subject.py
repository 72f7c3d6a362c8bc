"""The run to be measured, and its training images in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.data.batches import evaluation_batches
from genlab.data.dataset import Dataset
from genlab.measures.inputs.loss_hessian import Loss


@dataclass(frozen=True)
class Subject:
    """A run to be measured, as tensors.

    Attributes:
        model: the net as trained, on the device; never changed.
        initial_model: the net at initialisation, or None where its weights were not kept.
        dataset: images and labels that it was trained on, on the device.
        seed: the run's; the random draws of each measure are derived from it and the measure's name.
        device: where everything is.
        history: of its training, with the columns of `history.csv`; None where there is none.
        loss: of logits `[n, classes]` and labels `[n]`, the mean over the images; the cross-entropy of a run.
    """

    model: nn.Module
    initial_model: nn.Module | None
    dataset: Dataset
    seed: int
    device: torch.device | str = "cpu"
    history: pd.DataFrame | None = None
    loss: Loss = F.cross_entropy


def training_batches(subject: Subject, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """A subject's training images without augmentation and their labels, in order, float64."""
    dataset = subject.dataset
    return evaluation_batches(
        dataset.train_images,
        dataset.train_labels,
        dataset.normalisation,
        (dataset.input_shape[1], dataset.input_shape[2]),
        batch_size,
        dtype=torch.float64,
    )
