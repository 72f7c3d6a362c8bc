"""Norms and mean of the gradients of single images, against a backward pass an image."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F

import genlab
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.measured_nets import OnNet, Subject
from tests.benchmarks.sizes import Sizes

NAMES = ("gradient_noise", "squared_fisher_rao_norm")


def genlab_gradients(subject: Subject) -> dict[str, float]:
    """Both measures, of the whole net, in float64."""
    rows = genlab.measure(subject.model, subject.images, subject.labels, only=NAMES)
    whole = rows[rows["layer"] == ""]
    return dict(zip(whole["measure"], whole["value"], strict=True))


def usual_gradients(subject: Subject) -> dict[str, float]:
    """A backward pass for each image, in float32."""
    parameters = list(subject.model.parameters())
    weights = [parameter.dim() > 1 for parameter in parameters]
    total = [torch.zeros_like(parameter) for parameter in parameters]
    squares, products = 0.0, 0.0
    count = len(subject.labels)
    for image, label in zip(subject.images.split(1), subject.labels.split(1), strict=True):
        gradient = torch.autograd.grad(F.cross_entropy(subject.model(image), label), parameters)
        squares += float(sum(g.square().sum() for g in gradient))
        products += (
            float(sum((p.detach() * g).sum() for p, g, w in zip(parameters, gradient, weights, strict=True) if w)) ** 2
        )
        for one, part in zip(total, gradient, strict=True):
            one += part  # noqa: PLW2901 (in place)
    of_mean = sum(float((one / count).square().sum()) for one in total)
    return {"gradient_noise": squares / count - of_mean, "squared_fisher_rao_norm": products / count}


def gradient_contests(sizes: Sizes) -> Iterator[Contest]:
    """One contest a net."""
    for net in sizes.gradients:
        yield Contest(
            f"image gradients, {net.title}",
            Way("usual", OnNet, (usual_gradients, net)),
            [Way("genlab", OnNet, (genlab_gradients, net))],
            units=1,
            unit="call",
            share=0.3,
            compare=lambda usual, other: ", ".join(f"{n} {usual[n]:.6g}, genlab {other[n]:.6g}" for n in NAMES),
        )
