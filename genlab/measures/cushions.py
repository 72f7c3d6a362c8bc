"""How much larger a layer's output is at training images than it would be at noise, and how little is lost behind it.

Notation of Arora et al. 2018: layer i gives x^i = A^i phi(x^{i-1}) before its activation function phi; the images are
some of the training images without augmentation; batch norm is folded into A. Of a convolution ||A||_F is the norm of
its kernel, each weight counted once, and norms of its inputs and outputs are over all channels and cells.

Each measure is a number an image. `statistic` says which one of the layer is told: `extreme` the worst of all images,
as in the definitions, `quantile` the one that `percent` of the images are worse than, `mean` their mean. `images` is
how many are looked at, the first of a random order. An image at which a divisor is zero has no value: it is left out,
and `samples` says how many are not.
"""

import math
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.inputs.cushion_pass import CushionPass
from genlab.measures.inputs.image_statistics import (
    Images,
    Percent,
    Statistic,
    Worse,
    count,
    over_images,
    row_of_images,
    table_of,
    with_gaps,
)
from genlab.measures.inputs.layer_norms import LayerNorms

ARORA = "Arora et al. 2018, arXiv:1802.05296"


@measure(paper=ARORA, equation="Definition 4", unit="1", cost="pass")
def layer_cushion(
    cushion_pass: CushionPass,
    images: Images = 1000,
    statistic: Statistic = "quantile",
    percent: Percent = 5.0,
    biases: bool = False,
) -> dict[str, Value]:
    """mu_i of each layer: ||A phi(x)|| / (||A||_F ||phi(x)||) at its input, the smallest or another statistic; >= 0.

    The definition takes the smallest over the training set. Of a linear layer at most 1; of a convolution it may be
    more, as a weight of the kernel acts on many cells. For any net, with branches too. Unchanged by scaling a layer.

    Args:
        images: how many.
        statistic: over the images.
        percent: of them that are below the quantile.
        biases: whether the output in the numerator is with the layer's bias, as the published numbers seem to be.

    Raises:
        NotApplicable: no layer has a value.
    """
    norms = cushion_pass.norms(images)
    return _by_layer({name: cushions(found, biases) for name, found in norms.items()}, statistic, percent, "low")


@measure(paper=ARORA, equation="Definition 6", unit="1", cost="pass")
def activation_contraction(
    cushion_pass: CushionPass, images: Images = 1000, statistic: Statistic = "quantile", percent: Percent = 5.0
) -> dict[str, Value]:
    """c of each layer: ||x|| / ||phi(x)|| of its output x and the activation function phi behind it; >= 1 for ReLU.

    The definition takes the largest over training set and layers. A pool between x and phi is passed over: for max
    pools before ReLU, which may be exchanged, this is ReLU on the whole map, as in the paper. A layer without
    activation function, as the last one, has none. Unchanged by scaling a layer.

    Args:
        images: how many.
        statistic: over the images.
        percent: of them that are above the quantile.

    Raises:
        NotApplicable: the net is no chain of layers, or no layer has a value.
    """
    cushion_pass.chain()
    norms = {name: found for name, found in cushion_pass.norms(images).items() if found.activated is not None}
    if not norms:
        raise NotApplicable("the net has no activation function behind a layer")
    return _by_layer({name: contractions(found) for name, found in norms.items()}, statistic, percent, "high")


@measure(paper=ARORA, equation="Definition 3 and Proposition 3.1", unit="1", cost="pass")
def noise_sensitivity(
    cushion_pass: CushionPass, images: Images = 1000, statistic: Statistic = "quantile", percent: Percent = 5.0
) -> dict[str, Value]:
    """psi of each layer as a linear map: E ||A (x + eta ||x||) - A x||^2 / ||A x||^2 at its input x, eta ~ N(0, I).

    Exact: ||A||_F^2 ||x||^2 / ||A x||^2, here with A the whole linear map at the layer's input size, in which a weight
    of a kernel stands once for each cell that it acts on. The definition takes the largest over the training set. At
    least the stable rank of the map.

    Args:
        images: how many.
        statistic: over the images.
        percent: of them that are above the quantile.

    Raises:
        NotApplicable: no layer has a value.
    """
    norms = cushion_pass.norms(images)
    return _by_layer({name: sensitivities(found) for name, found in norms.items()}, statistic, percent, "high")


@measure(paper=ARORA, equation="Definitions 3, 4 and 6", unit="1", cost="pass", table=True)
def layer_cushions(
    cushion_pass: CushionPass, images: Images = 1000, percent: Percent = 5.0, biases: bool = False
) -> pd.DataFrame:
    """Layer cushion, activation contraction and noise sensitivity of each layer with all statistics over the images.

    Args:
        images: how many.
        percent: of the images that are worse than the quantile: below it for cushions, above it for the others.
        biases: see `layer_cushion`.

    Returns:
        Columns layer, position (in forward order, from 1), quantity (the measure's name), minimum, quantile, median,
        mean, maximum, n (images with a value) and left_out (without).
    """
    rows = []
    for position, (name, found) in enumerate(cushion_pass.norms(images).items(), start=1):
        quantities: list[tuple[str, Tensor | None, Worse]] = [
            ("layer_cushion", cushions(found, biases), "low"),
            ("activation_contraction", None if found.activated is None else contractions(found), "high"),
            ("noise_sensitivity", sensitivities(found), "high"),
        ]
        for quantity, values, worse in quantities:
            if values is not None:
                row: dict[str, Any] = {"layer": name, "position": position, "quantity": quantity}
                rows.append(row | row_of_images(values, percent, worse))
    return table_of(rows)


@measure(paper=ARORA, equation="Definitions 4 and 6", unit="1", cost="pass", table=True)
def layer_cushions_of_images(cushion_pass: CushionPass, images: Images = 1000, biases: bool = False) -> pd.DataFrame:
    """Layer cushion and activation contraction of each layer and image, as histograms need them.

    Args:
        images: how many.
        biases: see `layer_cushion`.

    Returns:
        Columns layer, position (in forward order, from 1), image (its position among the training images),
        layer_cushion and activation_contraction; empty where there is no value, as behind the last layer.
    """
    positions = cushion_pass.positions(images)
    parts = []
    for position, (name, found) in enumerate(cushion_pass.norms(images).items(), start=1):
        values: dict[str, Any] = {"layer_cushion": cushions(found, biases).cpu().numpy()}
        values["activation_contraction"] = math.nan if found.activated is None else contractions(found).cpu().numpy()
        parts.append(pd.DataFrame({"layer": name, "position": position, "image": positions, **values}))
    return with_gaps(pd.concat(parts, ignore_index=True))


def cushions(norms: LayerNorms, biases: bool) -> Tensor:
    """mu at each image `[n]`, NaN where the layer's input or all its weights are zero."""
    return ratio(norms.outgoing if biases else norms.linear, norms.kernel * norms.incoming)


def contractions(norms: LayerNorms) -> Tensor:
    """c at each image `[n]`, NaN where nothing passes the activation function."""
    assert norms.activated is not None
    return ratio(norms.outgoing, norms.activated)


def sensitivities(norms: LayerNorms) -> Tensor:
    """psi at each image `[n]`, NaN where the layer without bias gives zero."""
    return ratio(norms.operator * norms.incoming, norms.linear).square()


def ratio(numerator: Tensor, divisor: Tensor) -> Tensor:
    """Of each image, NaN where the divisor is zero."""
    return torch.where(divisor > 0, numerator / divisor, torch.nan)


def _by_layer(values: dict[str, Tensor], statistic: Statistic, percent: float, worse: Worse) -> dict[str, Value]:
    found = {
        name: Value(over_images(numbers, statistic, percent, worse), samples=count(numbers))
        for name, numbers in values.items()
        if count(numbers)
    }
    if not found:
        raise NotApplicable("at every image an activation is zero, and a ratio with it has no value")
    return found
