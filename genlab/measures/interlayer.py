"""How a net between two of its layers, taken as linear at an image, acts on the image's own vector and on noise.

Notation of Arora et al. 2018: x^i is what layer i gives before its activation function, M^{i,j} the net from x^i to
x^j, J^{i,j} its Jacobian at x^i, so that J x is a matrix product; a ReLU net without biases has J^{i,j} x^i = x^j. Of a
net that is a chain of layers, batch norm folded.

One pass over the images serves all measures of this file with the same options. Frobenius norms of Jacobians between
neighbours are exact as long as no pools overlap, and so are those whose x^j has at most `exact_up_to` numbers; the
others are estimated by `probes` random sign vectors (Hutchinson 1990), and `standard_error` is what that leaves of
error in the value of one image, on average. The minimum over noisy ratios is biased downwards: a quantile is less.
`statistic`, `percent`, `images` and what is left out are as in `genlab.measures.cushions`.
"""

from typing import Annotated, Any

import pandas as pd
import torch
from pydantic import Field
from torch import Tensor

from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.cushions import ARORA, ratio
from genlab.measures.inputs.cushion_pass import CushionPass
from genlab.measures.inputs.image_statistics import (
    Images,
    Percent,
    Statistic,
    count,
    over_images,
    row_of_images,
    table_of,
    with_gaps,
)
from genlab.measures.inputs.jacobian_norms import JacobianNorms

Probes = Annotated[int, Field(ge=2)]
ExactUpTo = Annotated[int, Field(ge=0)]


@measure(paper=ARORA, equation="Definition 5, and 8 for convolutions", unit="1", cost="passes")
def interlayer_cushion(
    cushion_pass: CushionPass,
    images: Images = 200,
    probes: Probes = 16,
    exact_up_to: ExactUpTo = 512,
    statistic: Statistic = "quantile",
    percent: Percent = 5.0,
    clip: bool = True,
) -> dict[str, Value]:
    """Mu_{i->} of each layer: the least sqrt(cells) ||J x^i|| / (||J||_F ||x^i||) over all later layers j; >= 0.

    J = J^{i,j}; cells are height times width of x^i, 1 of a linear layer. At each image the least over j, then the
    statistic over the images, the smallest in the definition, and at most 1/sqrt(h), with h the units or channels of
    layer i: that is what j = i gives, which the definition includes. Unchanged by scaling a layer.

    Args:
        images: how many.
        probes: random vectors for each layer j that is not exact, at least 2.
        exact_up_to: numbers of x^j up to which J^{i,j} is taken row by row.
        statistic: over the images.
        percent: of them that are below the quantile.
        clip: whether j = i is among the layers; else the last layer has no value.

    Raises:
        NotApplicable: the net is no chain of two or more layers, or no layer has a value.
    """
    stages = cushion_pass.chain().stages
    found = {}
    for i, pairs in by_first(cushion_pass, images, probes, exact_up_to).items():
        values, errors = least(pairs)
        if count(values):
            value = over_images(values, statistic, percent, "low")
            exact = all(pair.exact for pair in pairs)
            error = None if exact else float(errors[~values.isnan()].mean())
            found[i] = Value(value, standard_error=error, samples=count(values))
    if clip:
        for i, stage in enumerate(stages):
            bound = Value(len(stage.layer.weight) ** -0.5)
            found[i] = min(found.get(i, bound), bound, key=lambda one: one.value)
    if not found:
        raise NotApplicable("at every image an activation or a Jacobian is zero, and a ratio with it has no value")
    return {stages[i].name: value for i, value in sorted(found.items())}


@measure(paper=ARORA, equation="Definition 5, and 8 for convolutions", unit="1", cost="passes", table=True)
def interlayer_cushion_pairs(
    cushion_pass: CushionPass,
    images: Images = 200,
    probes: Probes = 16,
    exact_up_to: ExactUpTo = 512,
    percent: Percent = 5.0,
) -> pd.DataFrame:
    """Mu_{i,j} of every pair of layers i < j, with all statistics over the images, not clipped at 1/sqrt(h).

    Args:
        images: how many.
        probes: see `interlayer_cushion`.
        exact_up_to: likewise.
        percent: of the images that are below the quantile.

    Returns:
        Columns from and to (the layers), from_position and to_position (in forward order, from 1), minimum, quantile,
        median, mean, maximum, n (images with a value), left_out (without), standard_error (of one image's value, the
        mean over images; 0 where exact), products (vector-Jacobian products) and exact.

    Raises:
        NotApplicable: the net is no chain of two or more layers.
    """
    stages = cushion_pass.chain().stages
    rows = []
    for (i, j), pair in sorted(cushion_pass.jacobians(images, probes, exact_up_to).items()):
        values, errors = interlayer_cushions(pair)
        row: dict[str, Any] = {"from": stages[i].name, "to": stages[j].name}
        row |= {"from_position": i + 1, "to_position": j + 1} | row_of_images(values, percent, "low")
        row["standard_error"] = float(errors[~values.isnan()].mean()) if row["n"] else None
        rows.append(row | {"products": pair.products, "exact": pair.exact})
    return table_of(rows)


@measure(paper=ARORA, equation="Definition 9", unit="1", cost="passes")
def well_distributed_jacobian(
    cushion_pass: CushionPass,
    images: Images = 200,
    probes: Probes = 16,
    exact_up_to: ExactUpTo = 512,
    statistic: Statistic = "quantile",
    percent: Percent = 5.0,
) -> dict[str, Value]:
    """beta of each convolution i: the largest norm of J at one cell of x^i, over ||J||_F / sqrt(cells); >= 1.

    At each image the largest over cells and over the layers j behind, then the statistic over the images. 1 where all
    cells have the same part in what comes out. An estimated J has too large a maximum over cells; compare at equal
    probes.

    Args:
        images: how many.
        probes: see `interlayer_cushion`.
        exact_up_to: likewise.
        statistic: over the images.
        percent: of them that are above the quantile.

    Raises:
        NotApplicable: the net is no chain of two or more layers, or has no convolution with layers behind it.
    """
    stages = cushion_pass.chain().stages
    found = {}
    for i, pairs in by_first(cushion_pass, images, probes, exact_up_to).items():
        values = most_spread(pairs)
        if isinstance(stages[i].layer, torch.nn.Conv2d) and count(values):
            found[stages[i].name] = Value(over_images(values, statistic, percent, "high"), samples=count(values))
    if not found:
        raise NotApplicable("the net has no convolution with layers behind it and a Jacobian that is not zero")
    return found


@measure(paper=ARORA, equation="Definitions 5, 8 and 9", unit="1", cost="passes", table=True)
def interlayer_cushions_of_images(
    cushion_pass: CushionPass, images: Images = 200, probes: Probes = 16, exact_up_to: ExactUpTo = 512
) -> pd.DataFrame:
    """Interlayer cushion and beta of each layer and image, as histograms need them.

    Args:
        images: how many.
        probes: see `interlayer_cushion`.
        exact_up_to: likewise.

    Returns:
        Columns layer, position (in forward order, from 1), image (its position among the training images), least (mu
        over all later layers, not clipped), to_output (mu to the last layer) and spread (beta, 1 for linear layers);
        empty where there is no value.

    Raises:
        NotApplicable: the net is no chain of two or more layers.
    """
    stages = cushion_pass.chain().stages
    positions = cushion_pass.positions(images)
    parts = []
    for i, pairs in by_first(cushion_pass, images, probes, exact_up_to).items():
        columns = {
            "least": least(pairs)[0],
            "to_output": interlayer_cushions(pairs[-1])[0],
            "spread": most_spread(pairs),
        }
        values = {name: numbers.cpu().numpy() for name, numbers in columns.items()}
        parts.append(pd.DataFrame({"layer": stages[i].name, "position": i + 1, "image": positions, **values}))
    return with_gaps(pd.concat(parts, ignore_index=True))


def by_first(cushion_pass: CushionPass, images: int, probes: int, exact_up_to: int) -> dict[int, list[JacobianNorms]]:
    """By layer i, the Jacobians to the layers behind it, nearest first."""
    found: dict[int, list[JacobianNorms]] = {}
    for (i, _), pair in sorted(cushion_pass.jacobians(images, probes, exact_up_to).items()):
        found.setdefault(i, []).append(pair)
    return found


def interlayer_cushions(pair: JacobianNorms) -> tuple[Tensor, Tensor]:
    """mu_{i,j} at each image `[n]`, NaN where x^i or J is zero, and what the estimate of J leaves of error in it."""
    values = ratio(pair.cells**0.5 * pair.pushed, pair.frobenius * pair.start)
    return values, values * pair.relative_error / 2


def least(pairs: list[JacobianNorms]) -> tuple[Tensor, Tensor]:
    """The smallest mu_{i,j} over j at each image `[n]`, NaN where one has no value, and its error."""
    both = [interlayer_cushions(pair) for pair in pairs]
    values, errors = (torch.stack(part) for part in zip(*both, strict=True))
    found, which = values.min(0)
    return found, errors.gather(0, which[None])[0]


def most_spread(pairs: list[JacobianNorms]) -> Tensor:
    """The largest beta over j at each image `[n]`, NaN where a Jacobian is zero."""
    return torch.stack([pair.spread for pair in pairs]).amax(0)
