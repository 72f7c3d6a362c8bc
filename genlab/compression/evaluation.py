"""What compression does to a net: its errors, the change of its outputs, and the margin loss that pays for it."""

import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from genlab.compression.structure import Compressed
from genlab.data.batches import evaluation_batches
from genlab.data.dataset import Dataset
from genlab.rundir.columns import COMPRESSION_COLUMNS as ROW_COLUMNS

BATCH_SIZE = 256


@dataclass(frozen=True)
class Reference:
    """The net before compression on the training images, computed once for all settings.

    Attributes:
        model: in float32, batch norm folded in.
        train_logits: f(x), `[n, classes]` in float64.
        margins: f(x)[y] - max_{j != y} f(x)[j] for the labels as trained on, `[n]`, sign kept.
    """

    model: nn.Module
    train_logits: Tensor
    margins: Tensor


@dataclass(frozen=True)
class Outcome:
    """What a compressed net does on the training images, with the letters of `compression_row`.

    Attributes:
        train_error: part of the images whose largest output is not that of the label as trained on, in 0..1.
        output_change: the largest change of any output, in logits.
        margin: that pays for it, in logits.
        margin_loss: part of the images on which the original net has no more than this margin, in 0..1.
    """

    train_error: float
    output_change: float
    margin: float
    margin_loss: float


def reference_outputs(model: nn.Module, dataset: Dataset) -> Reference:
    """The outputs and margins of the net before compression.

    Args:
        model: float32, evaluation mode, batch norm folded in; on the device of the data set.
    """
    train_logits = logits(model, dataset, "train")
    labels = dataset.train_labels.unsqueeze(1)
    of_label = train_logits.gather(1, labels).squeeze(1)
    of_others = train_logits.scatter(1, labels, -torch.inf).amax(dim=1)
    return Reference(model, train_logits, of_label - of_others)


@torch.inference_mode()
def logits(model: nn.Module, dataset: Dataset, part: Literal["train", "test"]) -> Tensor:
    """Outputs of the net on the training or the test images, in order.

    Computed in the net's own precision, 256 images at a time whatever batch size the net was trained with, so that the
    last bit does not depend on the config; given in float64, in which differences of two float32 numbers are rounded
    once and comparisons of them are exact.

    Args:
        part: which images.

    Returns:
        `[n, classes]` in float64.
    """
    images = dataset.train_images if part == "train" else dataset.test_images
    labels = dataset.train_labels if part == "train" else dataset.test_labels
    batches = evaluation_batches(images, labels, dataset.normalisation, dataset.input_size, BATCH_SIZE)
    return torch.cat([model(batch).double() for batch, _ in batches])


def error(outputs: Tensor, labels: Tensor) -> float:
    """Part of the images whose largest output is not that of the label, in 0..1; of equal outputs the first counts."""
    return (outputs.argmax(dim=1) != labels).double().mean().item()


def margin_loss(margins: Tensor, margin: float) -> float:
    """Part of the images with f(x)[y] <= margin + max_{j != y} f(x)[j] (Arora et al. 2018, L_gamma), in 0..1."""
    return (margins <= margin).double().mean().item()


def outcome(reference: Reference, train_logits: Tensor, dataset: Dataset) -> Outcome:
    """What a net with these outputs on the training images, `[n, classes]` in float64 and finite, does there."""
    change = (train_logits - reference.train_logits).abs().max().item()
    return Outcome(
        train_error=error(train_logits, dataset.train_labels),
        output_change=change,
        margin=2 * change,
        margin_loss=margin_loss(reference.margins, 2 * change),
    )


def compression_row(reference: Reference, compressed: Compressed, dataset: Dataset) -> dict[str, Any]:
    r"""One row of `compression.csv`: what the compressed net g costs, and what it does next to the original f.

    * `output_change`: max over training images x and classes j of |g(x)[j] - f(x)[j]|.
    * `margin`: gamma = 2 x `output_change`. Both logits of a pair can move, so this is the smallest margin that surely
      survives.
    * `margin_loss`: part of the training images with f(x)[y] <= gamma + max_{j != y} f(x)[j]. This is the empirical
      margin loss of Arora et al. 2018 (arXiv:1802.05296, before Theorem 2.1) at a margin for which f is compressible to
      g on these images, so `train_error` <= `margin_loss`, in floating point too. It bounds the training error of g;
      a bound of its test error adds a term for the parameters.
    * `train_error` on the labels as trained on, `test_error` on the test labels, both in 0..1.
    * `parameters`, `original_parameters`: weights and biases of g and of f, batch norm folded in; `ratio` is the second
      divided by the first; `bits` is what g takes to store, as its method counts it, 32 a number that is no part of a
      compressed layer.
    * `retrain_epochs`: for which g was trained again after compression; 0 where it was not.
    * `seconds`: of this evaluation; whoever compressed adds that.
    * `file` is left empty; `reason` says why there are no values where an output is not finite.
    """
    start = time.perf_counter()
    row = empty_row(compressed.setting.method, compressed.setting.label) | {
        "parameters": compressed.parameters,
        "original_parameters": compressed.original_parameters,
        "ratio": compressed.ratio,
        "bits": compressed.bits,
        "retrain_epochs": compressed.setting.retrain.epochs if compressed.setting.retrain else 0,
    }
    train_logits = logits(compressed.model, dataset, "train")
    test_logits = logits(compressed.model, dataset, "test")
    row |= _outcome(reference, train_logits, test_logits, dataset)
    return row | {"seconds": time.perf_counter() - start}


def uncompressed_row(reference: Reference, dataset: Dataset) -> dict[str, Any]:
    """The row of the net before compression, under the method "none": ratio 1, no change of outputs, margin 0."""
    start = time.perf_counter()
    count = sum(parameter.numel() for parameter in reference.model.parameters())
    row = empty_row("none", "") | {
        "parameters": count,
        "original_parameters": count,
        "ratio": 1.0,
        "bits": 32 * count,
        "retrain_epochs": 0,
    }
    row |= _outcome(reference, reference.train_logits, logits(reference.model, dataset, "test"), dataset)
    return row | {"seconds": time.perf_counter() - start}


def empty_row(method: str, setting: str, reason: str = "") -> dict[str, Any]:
    """A row without values; None is an empty cell."""
    row: dict[str, Any] = dict.fromkeys(ROW_COLUMNS)
    return row | {"method": method, "setting": setting, "file": "", "reason": reason}


def _outcome(reference: Reference, train_logits: Tensor, test_logits: Tensor, dataset: Dataset) -> dict[str, Any]:
    everything = {
        "original net's training": reference.train_logits,
        "compressed net's training": train_logits,
        "compressed net's test": test_logits,
    }
    for whose, outputs in everything.items():
        if not outputs.isfinite().all():
            return {"reason": f"the {whose} outputs are not all finite"}
    return asdict(outcome(reference, train_logits, dataset)) | {"test_error": error(test_logits, dataset.test_labels)}
