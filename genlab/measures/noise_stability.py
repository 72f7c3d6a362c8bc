"""What becomes of Gaussian noise on its way through a net.

Notation of Arora et al. 2018: x^i is what layer i gives before its activation function, M^{i,j} the net from x^i to x^j
and J its Jacobian at x^i; batch norm folded. Noise is a Gaussian vector scaled to the norm `noise` ||x|| of what it is
added to, drawn `draws` times for each image and layer. `statistic`, `percent`, `images` and what is left out are as in
`genlab.measures.cushions`.
"""

import math
from typing import Annotated, Any

import pandas as pd
import torch
from pydantic import Field
from torch import Tensor, nn

from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.cushions import ARORA
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
from genlab.measures.inputs.layer_chain import own_copy
from genlab.measures.inputs.linear_departures import Departures
from genlab.measures.inputs.noise_injection import reached, relative_errors
from genlab.measures.inputs.sampled_images import SampledImages
from genlab.models.traversal import weight_layers

Draws = Annotated[int, Field(ge=1)]
Noise = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@measure(paper=ARORA, equation="Figure 1", unit="1", cost="passes", table=True)
def noise_attenuation(
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    sampled_images: SampledImages,
    generator: torch.Generator,
    images: Images = 100,
    draws: Draws = 4,
    noise: Noise = 0.1,
) -> pd.DataFrame:
    """The relative error ||y - x|| / ||x|| of every layer's output behind a layer whose input has noise on it.

    For each layer one curve: at its own number the noise, at each number above that the error of what the layer before
    gives. Of any net with layers, whatever else it has; of one with branches only where the noise can get to.

    Args:
        images: how many.
        draws: of noise for each image and layer.
        noise: its norm over that of the layer's input; 0.1 in the paper.

    Returns:
        Columns from (the number of the layer whose input is noisy, from 1), injected (its name), at (number on the
        curve), layer (whose output it is; none at the curve's first point), relative_error (mean over images and
        draws), standard_error (over images; none of one), n (images with a value) and left_out (whose layer has a zero
        output or input).

    Raises:
        NotApplicable: the net has no linear or convolutional layer.
    """
    model = own_copy(folded_model)
    layers = weight_layers(model, input_shape)
    if not layers:
        raise NotApplicable("the net has no linear or convolutional layer")
    pairs = reached(model, layers, input_shape)
    seed = int(torch.randint(2**60, (), generator=generator))
    numbers = 2 * sum(math.prod(layer.output_shape) for layer in layers)
    batches = sampled_images.batches(images, numbers)
    errors = relative_errors(model, layers, pairs, batches, noise=noise, draws=draws, seed=seed)
    rows: list[dict[str, Any]] = []
    for (k, later), found in errors.items():
        curve = {"from": k + 1, "injected": layers[k].name}
        if k == later:
            start = {"relative_error": noise, "standard_error": 0.0}
            rows.append(curve | {"at": k + 1, "layer": ""} | _mean(found) | start)
        rows.append(curve | {"at": later + 2, "layer": layers[later].name} | _mean(found))
    return table_of(rows)


@measure(paper=ARORA, equation="Definition 7", unit="1", cost="passes")
def inverse_interlayer_smoothness(
    cushion_pass: CushionPass,
    images: Images = 200,
    draws: Draws = 4,
    noise: Noise = 0.1,
    statistic: Statistic = "quantile",
    percent: Percent = 5.0,
    offset: bool = True,
) -> dict[str, Value]:
    """1/rho of each layer i: ||M(x + eta) - J (x + eta)|| ||x|| / (||eta|| ||x^j||), x = x^i, the largest over j; >= 0.

    At each image and draw of eta the largest over the later layers, then the statistic over images and draws; the
    quantile is 1/rho_delta with delta = percent / 100. The paper prints that rho is the smallest number with
    ||M(x + eta) - J (x + eta)|| <= ||eta|| ||x^j|| / (rho ||x||): the largest is meant, and told here. Its theorem
    needs 1/rho <= 1/(3 d) of a net of d layers; its figures show 1/rho. 0 where no unit changes its side.

    Args:
        images: how many.
        draws: of noise for each image and layer.
        noise: ||eta|| / ||x||; the paper's eta is what compressing the layers below leaves, and its size is a choice.
        statistic: over images and draws.
        percent: of them that are above the quantile.
        offset: whether M(x) - J x counts, as in the definition: it is what biases give; without them it is zero.

    Raises:
        NotApplicable: the net is no chain of two or more layers, or no layer has a value.
    """
    stages = cushion_pass.chain().stages
    found = {}
    for i, values in _worst(cushion_pass.departures(images, draws, noise), offset).items():
        if count(values):
            value = over_images(values, statistic, percent, "high")
            found[stages[i].name] = Value(value, samples=count(values))
    if not found:
        raise NotApplicable("at every image an activation is zero, and a ratio with it has no value")
    return found


@measure(paper=ARORA, equation="Definition 7", unit="1", cost="passes", table=True)
def inverse_interlayer_smoothness_pairs(
    cushion_pass: CushionPass,
    images: Images = 200,
    draws: Draws = 4,
    noise: Noise = 0.1,
    percent: Percent = 5.0,
    offset: bool = True,
) -> pd.DataFrame:
    """1/rho of every pair of layers i < j, with all statistics over images and draws.

    Args:
        images: how many.
        draws: see `inverse_interlayer_smoothness`.
        noise: likewise.
        percent: of images and draws that are above the quantile.
        offset: see `inverse_interlayer_smoothness`.

    Returns:
        Columns from and to (the layers), from_position and to_position (in forward order, from 1), minimum, quantile,
        median, mean, maximum, n (images times draws with a value) and left_out (without).

    Raises:
        NotApplicable: the net is no chain of two or more layers.
    """
    stages = cushion_pass.chain().stages
    rows = []
    for (i, j), found in sorted(cushion_pass.departures(images, draws, noise).items()):
        row: dict[str, Any] = {"from": stages[i].name, "to": stages[j].name}
        row |= {"from_position": i + 1, "to_position": j + 1}
        rows.append(row | row_of_images(found.whole if offset else found.of_noise, percent, "high"))
    return table_of(rows)


@measure(paper=ARORA, equation="Definition 7", unit="1", cost="passes", table=True)
def inverse_interlayer_smoothness_of_images(
    cushion_pass: CushionPass, images: Images = 200, draws: Draws = 4, noise: Noise = 0.1, offset: bool = True
) -> pd.DataFrame:
    """1/rho of each layer and image, the largest over later layers and over draws, as histograms need it.

    Args:
        images: how many.
        draws: see `inverse_interlayer_smoothness`.
        noise: likewise.
        offset: likewise.

    Returns:
        Columns layer, position (in forward order, from 1), image (its position among the training images),
        inverse_smoothness, and to_output (1/rho to the last layer alone); empty where a vector is zero.

    Raises:
        NotApplicable: the net is no chain of two or more layers.
    """
    stages = cushion_pass.chain().stages
    positions = cushion_pass.positions(images)
    departures = cushion_pass.departures(images, draws, noise)
    last = max(j for _, j in departures)
    parts = []
    for i, values in _worst(departures, offset).items():
        to_output = departures[i, last].whole if offset else departures[i, last].of_noise
        columns = {"inverse_smoothness": values.amax(1), "to_output": to_output.amax(1)}
        numbers = {name: found.cpu().numpy() for name, found in columns.items()}
        parts.append(pd.DataFrame({"layer": stages[i].name, "position": i + 1, "image": positions, **numbers}))
    return with_gaps(pd.concat(parts, ignore_index=True))


def _worst(departures: dict[tuple[int, int], Departures], offset: bool) -> dict[int, Tensor]:
    """By layer i the largest 1/rho over j, `[n, draws]`; NaN where one has no value."""
    found: dict[int, list[Tensor]] = {}
    for (i, _), values in sorted(departures.items()):
        found.setdefault(i, []).append(values.whole if offset else values.of_noise)
    return {i: torch.stack(values).amax(0) for i, values in found.items()}


def _mean(errors: Tensor) -> dict[str, Any]:
    there = errors[~errors.isnan()]
    n = len(there)
    return {
        "relative_error": float(there.mean()) if n else None,
        "standard_error": float(there.std()) / n**0.5 if n > 1 else None,
        "n": n,
        "left_out": len(errors) - n,
    }
