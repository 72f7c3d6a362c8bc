"""The net of Theorem 1 of Zhang et al. 2017, built from its training images without any training."""

import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from genlab.config.schema.training.construct import ConstructConfig
from genlab.data.batches import evaluation_batches
from genlab.data.dataset import Dataset
from genlab.data.same_images import contradiction
from genlab.errors import ConfigError
from genlab.linalg.ramps import ramps_through
from genlab.models.theorem1 import Theorem1
from genlab.training.procedures.solved import leave
from genlab.training.procedures.task import Task
from genlab.training.stopping import Ending

# Images projected at a time.
BATCH = 256


def construct(settings: ConstructConfig, task: Task) -> Ending:
    """Weights by forward substitution for a direction a that was drawn: c(x_i) is the number of the label of x_i.

    Exact in exact arithmetic. In float64 the sum of n ramps has an error that grows with n, since it cancels: about
    1e-9 for 100 images, 1e-3 for 10,000. Labels are found by rounding, so that they are right while it is below 1/2;
    how large it is stands in the reason with which the run finished.
    """
    started = time.perf_counter()
    net = task.model
    assert isinstance(net, Theorem1)
    z, order, keeps = _apart(task.dataset, net)
    labels = task.dataset.train_labels.cpu()[order]
    b, w = ramps_through(z[keeps].numpy(), labels[keeps].double().numpy())
    thresholds, weights = (torch.full((len(z),), value, dtype=torch.float64) for value in (float(z[-1]), 0.0))
    thresholds[: len(b)], weights[: len(w)] = torch.from_numpy(b), torch.from_numpy(w)
    net.set_units(thresholds, weights)
    off = _largest_error(task.dataset, net)
    largest = float(weights.abs().max())
    reason = f"constructed: c is off by at most {off:.2g} from its labels, max |w| {largest:.2g}"
    return leave(task, reason, step=1, seconds=time.perf_counter() - started)


def require_distinct(settings: ConstructConfig, dataset: Dataset, model: nn.Module) -> None:
    """Refuse images that no function fits, or that float64 cannot tell apart along the direction that was drawn.

    Raises:
        ConfigError: two images are the same and have two labels, or two have the same projection.
    """
    if found := contradiction(dataset):
        raise ConfigError.at("data", f"{found}: no net fits both")
    assert isinstance(model, Theorem1)
    _, order, keeps = _apart(dataset, model)
    labels = dataset.train_labels.cpu()[order]
    merged = (~keeps[1:] & (labels[1:] != labels[:-1])).nonzero().flatten()
    if len(merged):
        pair = sorted(order[merged[0] : merged[0] + 2].tolist())
        message = f"training images {pair[0]} and {pair[1]} have one projection in float64 and two labels"
        raise ConfigError.at("seed", f"{message}; another seed draws another direction")


def _apart(dataset: Dataset, net: Theorem1) -> tuple[Tensor, Tensor, Tensor]:
    """Projections <a, x_i> in rising order `[n]`, the images that they are of, and which are apart from the one before.

    Those that are not are of one image that is there several times, or not to be told apart.
    """
    z, order = _projections(dataset, net).sort()
    rounding = 8 * torch.finfo(torch.float64).eps * max(float(z.abs().max()), torch.finfo(torch.float64).tiny)
    keeps = torch.ones(len(z), dtype=torch.bool)
    keeps[1:] = z.diff() > rounding
    return z, order, keeps


@torch.inference_mode()
def _projections(dataset: Dataset, net: Theorem1) -> Tensor:
    return torch.cat([net.project(images) for images in _images(dataset)]).clone().cpu()


@torch.inference_mode()
def _largest_error(dataset: Dataset, net: Theorem1) -> float:
    outputs = torch.cat([net.value(images) for images in _images(dataset)])
    return float((outputs - dataset.train_labels).abs().max())


def _images(dataset: Dataset) -> Iterator[Tensor]:
    images, labels, kind = dataset.train_images, dataset.train_labels, dataset.normalisation
    for batch, _ in evaluation_batches(images, labels, kind, dataset.input_size, BATCH, dtype=torch.float64):
        yield batch
