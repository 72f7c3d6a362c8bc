"""Loss and error over a whole set, the same whatever the batch size."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.data.batches import evaluation_batches
from genlab.data.dataset import Dataset
from genlab.hardware.devices import arithmetic
from genlab.training.net import Net


@dataclass(frozen=True)
class Evaluation:
    """Means over a set.

    Attributes:
        loss: cross-entropy in nats.
        error: fraction of wrong predictions, in [0, 1].
        error_clean: the same over images whose label is the true one; None where there are none.
        error_corrupted: the same over images whose label is not the true one; None where there are none.
    """

    loss: float
    error: float
    error_clean: float | None = None
    error_corrupted: float | None = None


@torch.inference_mode()
def evaluate(net: Net, batches: Iterable[tuple[Tensor, Tensor]], corrupted: Tensor | None = None) -> Evaluation:
    """Evaluate a net over a set.

    Losses are summed in float64 and divided by the number of images, so an uneven last batch weighs what it should.
    The device is waited for once, at the end.

    Args:
        batches: (images `[b, c, h, w]`, labels `[b]`), each image once, in order.
        corrupted: bool `[n]`, which labels are not the true ones.
    """
    losses, wrong = [], []
    for images, labels in batches:
        logits = net.evaluate(net.parameters, images)
        losses.append(F.cross_entropy(logits, labels, reduction="sum").double())
        wrong.append(logits.argmax(1) != labels)
    all_wrong = torch.cat(wrong)
    clean_error = corrupted_error = None
    if corrupted is not None:
        clean_error, corrupted_error = _mean(all_wrong[~corrupted]), _mean(all_wrong[corrupted])
    loss = float(torch.stack(losses).sum()) / len(all_wrong)
    return Evaluation(loss, float(all_wrong.double().mean()), clean_error, corrupted_error)


def evaluate_on_both(net: Net, dataset: Dataset, batch: int) -> tuple[Evaluation, Evaluation]:
    """Evaluation on the training set, its corrupted part apart where some labels are corrupted, and the test set.

    In full float32, whatever precision the net is trained in; a net whose weights are float64 in that.

    Args:
        batch: images at a time.
    """
    corrupted = dataset.corrupted if bool(dataset.corrupted.any()) else None
    double = any(parameter.dtype == torch.float64 for parameter in net.parameters.values())
    dtype = torch.float64 if double else torch.float32
    on_train, on_test = (
        evaluation_batches(images, labels, dataset.normalisation, dataset.input_size, batch, dtype=dtype)
        for images, labels in (
            (dataset.train_images, dataset.train_labels),
            (dataset.test_images, dataset.test_labels),
        )
    )
    with arithmetic("float32"):
        return evaluate(net, on_train, corrupted), evaluate(net, on_test)


def _mean(wrong: Tensor) -> float | None:
    return float(wrong.double().mean()) if len(wrong) else None
