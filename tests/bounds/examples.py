"""Bounds of small nets, and what the twins are given of them."""

from functools import cache
from typing import Any

import torch
from torch import nn

from genlab.bounds.compute import Row, compute_bounds
from genlab.bounds.request import BoundsRequest
from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.measures.inputs.outputs import training_logits
from genlab.measures.inputs.subject import Subject
from genlab.models.initialisation import initialise
from genlab.models.logits import margins_of
from tests.measures.chains import subject_of
from tests.references.margins import percentile

NORM_BARS = ("l1_inf", "frobenius", "spec_l12", "spec_fro")


def rows_for(subject: Subject, names: Any = "all", **options: Any) -> list[Row]:
    return compute_bounds(subject, BoundsRequest.of(names, options))


def total(rows: list[Row], bound: str) -> Row:
    """The row of a bound itself."""
    (row,) = [row for row in rows if (row["bound"], row["term"]) == (bound, "bound")]
    return row


def term(rows: list[Row], bound: str, name: str) -> dict[str, Row]:
    """By layer the rows of one term."""
    return {row["layer"]: row for row in rows if (row["bound"], row["term"]) == (bound, name)}


def totals(rows: list[Row]) -> dict[str, float | None]:
    return {row["bound"]: row["log10"] for row in rows if row["term"] == "bound"}


@cache
def gamma_of(case: str, percent: float = 5.0) -> float:
    """The margin, by the twin's percentile."""
    subject = subject_of(case)
    margins = margins_of(training_logits(subject), subject.dataset.train_labels)
    return percentile(margins.tolist(), percent)


def net_on_noise(model: nn.Module, *, wrong: int = 0, images: int = 24) -> Subject:
    """A net with random weights whose labels are its own answers on random images of 3x3, but for some that are not."""
    generator = torch.Generator().manual_seed(5)
    pixels = torch.randint(0, 256, (images, 3, 3, 1), dtype=torch.uint8, generator=generator)
    initialise(model, "he_normal", 1.0, generator=generator)
    model = model.double().eval()
    with torch.no_grad():
        labels = model(Normalisation("image")(pixels, torch.float64)).argmax(1)
    labels[:wrong] = (labels[:wrong] + 1) % 3
    data = Dataset(pixels, labels, labels, pixels, labels, ("a", "b", "c"), (1, 3, 3), Normalisation("image"))
    return Subject(model, None, data, seed=2)
