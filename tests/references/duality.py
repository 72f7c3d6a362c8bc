"""Feng, Zhang and Tu 2023, Equations 6 to 11: dual weights are put into the net pair by pair, the Hessian is dense."""

import copy
import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def nearest(points, labels, query, label):
    """Which point of that label is the nearest, by the sum of squared differences; None where there is none."""
    best, found = math.inf, None
    for index, (point, its) in enumerate(zip(points, labels, strict=True)):
        distance = sum((float(p) - float(q)) ** 2 for p, q in zip(point.flatten(), query.flatten(), strict=True))
        if int(its) == int(label) and distance < best:
            best, found = distance, index
    return found


def inputs_of(net, layer, images):
    """What a layer is given."""
    given = []
    handle = net.get_submodule(layer).register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    with torch.no_grad():
        net(images)
    handle.remove()
    return given[0].numpy()


def loss_with(net, layer, weight, image, label):
    """The cross-entropy of one image with other weights of one layer."""
    other = copy.deepcopy(net)
    other.get_submodule(layer).weight.data = torch.tensor(weight)
    with torch.no_grad():
        return float(F.cross_entropy(other(image[None]), label[None]))


def hessian(net, layer, images, labels):
    """Of the mean loss by the layer's weights, row by row of the matrix."""
    module = net.get_submodule(layer)

    def loss(flat):
        name = f"{layer}.weight"
        outputs = torch.func.functional_call(net, {name: flat.view_as(module.weight)}, images)
        return F.cross_entropy(outputs, labels)

    return torch.autograd.functional.hessian(loss, module.weight.detach().flatten()).numpy()


def decompose(net: nn.Module, layer: str, train, labels, test, test_labels, space="input"):
    """The rows of the table, the losses of all pairs, and how many images have none.

    Args:
        train: the correctly labelled training images as the net sees them, float64.
        space: input, or activity for what the layer is given.
    """
    weight = net.get_submodule(layer).weight.detach().numpy()
    a_train, a_test = inputs_of(net, layer, train), inputs_of(net, layer, test)
    changes, gradients, losses, left_out = [], [], [], 0
    for k in range(len(test)):
        where, point = (train, test[k]) if space == "input" else (a_train, a_test[k])
        partner = nearest(where, labels, point, test_labels[k])
        if partner is None or not a_train[partner].any():
            left_out += 1
            continue
        a = a_train[partner]
        change = np.outer(weight @ (a_test[k] - a), a) / (a @ a)
        image, label = train[partner], labels[partner]
        difference = loss_with(net, layer, weight + change, image, label) - loss_with(net, layer, weight, image, label)
        size = float((change**2).sum())
        changes.append(change.flatten())
        gradients.append(difference * change.flatten() / size if size else change.flatten())
        losses.append(difference)
    values, vectors = np.linalg.eigh(hessian(net, layer, train, labels))
    rows = []
    for rank, n in enumerate(reversed(range(len(values))), start=1):
        w = [float(change @ vectors[:, n]) for change in changes]
        sign = -1 if sum(w) < 0 else 1
        w = [sign * one for one in w]
        g = [sign * float(gradient @ vectors[:, n]) for gradient in gradients]
        count = len(w)
        mu_w, mu_g = sum(w) / count, sum(g) / count
        sigma_w = math.sqrt(sum((one - mu_w) ** 2 for one in w) / count)
        sigma_g = math.sqrt(sum((one - mu_g) ** 2 for one in g) / count)
        covariance = sum((x - mu_w) * (y - mu_g) for x, y in zip(w, g, strict=True)) / count
        row = {"layer": layer, "rank": rank, "eigenvalue": float(values[n]), "sigma_g": sigma_g, "sigma_w": sigma_w}
        correlation = covariance / (sigma_g * sigma_w) if sigma_g and sigma_w else None
        row |= {"mu_g": mu_g, "mu_w": mu_w, "correlation": correlation}
        rows.append(row | {"estimate": covariance, "gap": covariance + mu_g * mu_w})
    order = sorted(range(len(rows)), key=lambda n: -rows[n]["sigma_g"])
    half = (len(rows) + 1) // 2
    floor = 1e-9 * rows[order[0]]["sigma_g"]
    falling = [rows[n]["sigma_g"] for n in order[: half + 1] if rows[n]["sigma_g"] > floor]
    falls = [larger / smaller for larger, smaller in pairwise(falling)]
    count = falls.index(max(falls)) + 1 if falls else len(falling)
    for place, n in enumerate(order):
        rows[n]["sharp"] = place < count
    return rows, losses, left_out
