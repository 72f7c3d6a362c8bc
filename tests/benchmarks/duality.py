"""Sharpness and size of a hidden layer, against loops over images and over distances with autograd's dense Hessian."""

import copy
import functools
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

import genlab
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.measured_nets import OnNet, Subject
from tests.benchmarks.sizes import Sizes

LAYER = "3"
NAME = "activity_weight_duality"
Sums = dict[str, float]


def genlab_duality(subject: Subject, tests: int) -> Sums:
    """The table, of the images but the last ones as training images and of those as test images."""
    images, labels = subject.images, subject.labels
    rows = genlab.measure(
        subject.model,
        images[:-tests],
        labels[:-tests],
        only=[NAME],
        options={NAME: {"layer": LAYER}},
        test=(images[-tests:], labels[-tests:]),
    )
    return _sums(
        [(row["eigenvalue"], row["sigma_g"], row["sigma_w"], row["gap"]) for row in rows.attrs["tables"][NAME]]
    )


def usual_duality(subject: Subject, tests: int) -> Sums:
    """Image by image: the nearest of its label, the dual weights, the loss with them; the Hessian row by row."""
    images, labels, net = subject.images.flatten(1), subject.labels, copy.deepcopy(subject.model)
    train, given = images[:-tests], labels[:-tests]
    weight = net.get_submodule(LAYER).weight.detach().clone()
    _, a_train = _watched(subject.model, subject.images[:-tests])
    _, a_test = _watched(subject.model, subject.images[-tests:])
    changes, gradients = [], []
    for k in range(tests):
        image, label = images[len(train) + k], labels[len(train) + k]
        distances = [float((image - other).norm()) for other in train[given == label]]
        partner = torch.nonzero(given == label).flatten()[distances.index(min(distances))]
        a = a_train[partner]
        change = torch.outer(weight @ (a_test[k] - a), a) / (a @ a)
        losses = []
        for moved in (weight + change, weight):
            net.get_submodule(LAYER).weight.data = moved
            with torch.no_grad():
                losses.append(F.cross_entropy(net(subject.images[partner][None]), given[partner][None]))
        changes.append(change.flatten())
        gradients.append((losses[0] - losses[1]) / change.square().sum() * change.flatten())
    net.get_submodule(LAYER).weight.data = weight

    def loss(flat: Tensor) -> Tensor:
        moved = {f"{LAYER}.weight": flat.view_as(weight)}
        return F.cross_entropy(torch.func.functional_call(net, moved, subject.images[:-tests]), given)

    values, vectors = torch.linalg.eigh(torch.autograd.functional.hessian(loss, weight.flatten()))
    w, g = torch.stack(changes) @ vectors, torch.stack(gradients) @ vectors
    sigma_w, sigma_g = w.std(0, correction=0), g.std(0, correction=0)
    gap = (g * w).mean(0)
    return _sums(list(zip(values.tolist(), sigma_g.tolist(), sigma_w.tolist(), gap.tolist(), strict=True)))


def _watched(model: torch.nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs, and what the layer is given."""
    given: list[Tensor] = []
    handle = model.get_submodule(LAYER).register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    with torch.no_grad():
        outputs = model(images)
    handle.remove()
    return outputs, given[0]


def _sums(rows: list[tuple[float, float, float, float]]) -> Sums:
    """What does not depend on the basis within blocks of equal eigenvalues."""
    return {
        "trace": sum(row[0] for row in rows),
        "sharpness": sum(row[1] ** 2 for row in rows) ** 0.5,
        "size": sum(row[2] ** 2 for row in rows) ** 0.5,
        "gap": sum(row[3] for row in rows),
    }


def duality_contests(sizes: Sizes) -> Iterator[Contest]:
    """One contest a net."""
    for net, tests in sizes.dual:
        yield Contest(
            f"duality, {net.title}",
            Way("usual", OnNet, (functools.partial(usual_duality, tests=tests), net)),
            [Way("genlab", OnNet, (functools.partial(genlab_duality, tests=tests), net))],
            units=1,
            unit="call",
            share=0.3,
            compare=compared,
        )


def compared(usual: Sums, other: Sums) -> str:
    """A line."""
    return ", ".join(f"{name} {usual[name]:.5g} and {other[name]:.5g}" for name in usual)
