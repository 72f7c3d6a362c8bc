"""The three conditions of Theorem 1 of Neyshabur et al. 2017, of perceptrons with ReLU.

A perceptron of d layers is f(x) = W_d D_{d-1} W_{d-1} ... D_1 W_1 x, where D_i is the diagonal matrix of which units of
level i are active at x. Biases decide which units are active, as in the net, and stay out of the products. The text of
the conditions was not at hand: they follow secondary sources, and where these leave something open it is said.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.models.traversal import WeightLayer

NEYSHABUR = "Neyshabur et al. 2017, arXiv:1706.08947"
# Perturbations in units of the root mean square of a level's pre-activations.
PERTURBATIONS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
AGREEMENT = 1e-6


class Level(NamedTuple):
    """What a level of a perceptron does at some images.

    Attributes:
        name: of its layer.
        weight: `[units, inputs]`.
        before: pre-activations without ReLU, `[images, units]`.
    """

    name: str
    weight: Tensor
    before: Tensor


@measure(paper=NEYSHABUR, equation="Section 3, condition C1", unit="1", cost="pass", table=True)
def interlayer_conditions(
    weight_layers: list[WeightLayer], folded_model: nn.Module, image_sample: Tensor, images: int = 5
) -> pd.DataFrame:
    """The inverse of mu in condition C1, for all parts a < c < b of the net.

    It says how much the sizes of two parts overstate that of their product.

    C1 asks for a mu with ||P(a..b)||_F >= mu / sqrt(h_c) ||P(c+1..b)||_F ||P(a..c)||_F, where P(a..b) is the product of
    D_i W_i over the levels from a to b, W_0 is the image as a column, D_0 and D_d are the identity and h_c is the
    number of units of level c. At least 1 / sqrt(h_c) by the norm's submultiplicativity.

    Unchanged by scaling layers and by permuting units. A part that no path is active through has no value.

    Args:
        images: of the sample, how many to look at; each takes some products of all layers.

    Returns:
        Columns from (a; 0 is the image), at (c), to (b), and over the images the median, the largest and n.

    Raises:
        NotApplicable: images is not 1 or more, or the net is not a perceptron of two or more layers.
    """
    found = _inverse_mus(_levels(weight_layers, folded_model, _first(image_sample, images)), image_sample)
    rows = []
    for (a, c, b), values in found.items():
        there = np.array([value for value in values if np.isfinite(value)])
        if len(there):
            rows.append((a, c, b, float(np.median(there)), float(there.max()), len(there)))
    return pd.DataFrame(rows, columns=["from", "at", "to", "median", "maximum", "n"])


@measure(paper=NEYSHABUR, equation="Section 3, condition C1", unit="1", cost="pass")
def interlayer_condition_number(
    weight_layers: list[WeightLayer], folded_model: nn.Module, image_sample: Tensor, images: int = 5
) -> Value:
    """The largest 1/mu of condition C1 over all parts of the net and over the images; see `interlayer_conditions`.

    Args:
        images: of the sample, how many to look at.

    Raises:
        NotApplicable: images is not 1 or more, the net is not a perceptron of two or more layers, or no path is active.
    """
    found = _inverse_mus(_levels(weight_layers, folded_model, _first(image_sample, images)), image_sample)
    there = [value for values in found.values() for value in values if np.isfinite(value)]
    if not there:
        raise NotApplicable("no path through the net is active at these images")
    return Value(float(max(there)), samples=min(images, len(image_sample)))


@measure(paper=NEYSHABUR, equation="Section 3, condition C2", unit="1", cost="pass", table=True)
def activation_flips(weight_layers: list[WeightLayer], folded_model: nn.Module, image_sample: Tensor) -> pd.DataFrame:
    """The part of each hidden level's units that a perturbation of some size turns on or off, over up to 100 images.

    Those are the units whose pre-activation is at most that large, over up to 100 training images.

    C2 asks for a constant with (1/h_k) sum_i 1[|W_{k,i} x_{k-1}| <= delta] <= C2 delta. As written it changes when a
    layer is scaled, and is infinite as delta goes to 0 where a pre-activation is 0: so delta is in units of the root
    mean square of the level's pre-activations at the image, on a grid from 0.01 to 1. Both are a choice of ours.

    Returns:
        Columns layer, perturbation, fraction, standard_error (over images) and n (images).

    Raises:
        NotApplicable: the net is not a perceptron with a hidden level.
    """
    rows = []
    for level in _levels(weight_layers, folded_model, image_sample)[:-1]:
        size = level.before.square().mean(1, keepdim=True).sqrt()
        for delta in PERTURBATIONS:
            parts = (level.before.abs() <= delta * size).double().mean(1)
            error = float(parts.std() / len(parts) ** 0.5) if len(parts) > 1 else None
            rows.append((level.name, delta, float(parts.mean()), error, len(parts)))
    return pd.DataFrame(rows, columns=["layer", "perturbation", "fraction", "standard_error", "n"])


@measure(paper=NEYSHABUR, equation="Section 3, condition C2", unit="1", cost="pass")
def activation_flip_constant(
    weight_layers: list[WeightLayer], folded_model: nn.Module, image_sample: Tensor
) -> dict[str, float]:
    """For each hidden level the least C2 of condition C2 on the grid of perturbations of `activation_flips`.

    That is the largest part of flipped units over the perturbation that flips them.

    Raises:
        NotApplicable: the net is not a perceptron with a hidden level.
    """
    table = activation_flips(weight_layers, folded_model, image_sample)
    ratios = table["fraction"] / table["perturbation"]
    return {str(name): float(values.max()) for name, values in ratios.groupby(table["layer"], sort=False)}


@measure(paper=NEYSHABUR, equation="Section 3, condition C3", unit="1", cost="weights")
def incoming_norm_constant(weight_layers: list[WeightLayer]) -> dict[str, float]:
    """For each layer the least C3 of condition C3: ||W||_{2,inf} sqrt(h) / ||W||_F, h the number of its units.

    That is the largest norm of a unit's incoming weights over the root mean square of such norms.
    At least 1, which is reached where all units' incoming weights are of one norm, and at most sqrt(h). Unchanged by
    scaling the layer. Of a convolution, whose units are its output channels, it is that of the reshaped kernel.
    """
    found = {}
    for layer in weight_layers:
        norms = layer.matrix.norm(dim=1)
        if not bool((norms > 0).any()):
            raise NotApplicable(f"all weights of layer {layer.name} are zero")
        found[layer.name] = float(norms.max() * len(norms) ** 0.5 / norms.norm())
    return found


@measure(paper=NEYSHABUR, equation="Figure 5, condition C3", unit="1", cost="weights", table=True)
def incoming_norms(weight_layers: list[WeightLayer]) -> pd.DataFrame:
    """The norm of each unit's incoming weights over the average of its layer, as Figure 5 shows it.

    Returns:
        Columns layer, rank (1 for the unit of the largest norm) and ratio.
    """
    rows = []
    for layer in weight_layers:
        norms = layer.matrix.norm(dim=1)
        ratios = (norms / norms.mean()).sort(descending=True).values
        rows += [(layer.name, rank, ratio) for rank, ratio in enumerate(ratios.tolist(), start=1)]
    return pd.DataFrame(rows, columns=["layer", "rank", "ratio"])


def _first(image_sample: Tensor, images: int) -> Tensor:
    if images < 1:
        raise NotApplicable(f"images: {images} is not 1 or more")
    return image_sample[:images]


def _levels(weight_layers: list[WeightLayer], model: nn.Module, images: Tensor) -> list[Level]:
    """The levels of a perceptron at some images.

    Raises:
        NotApplicable: another kind of net.
    """
    inputs, levels = images.flatten(1).double(), []
    if len(weight_layers) < 2 or not all(isinstance(layer.module, nn.Linear) for layer in weight_layers):
        raise NotApplicable("the conditions are of perceptrons with a hidden level")
    for layer in weight_layers:
        if inputs.shape[1] != layer.matrix.shape[1]:
            raise NotApplicable("the conditions are of perceptrons, whose layers follow one another")
        bias = layer.module.bias
        before = inputs @ layer.matrix.T + (0 if bias is None else bias.detach())
        levels.append(Level(layer.name, layer.matrix, before))
        inputs = before.relu()
    with torch.inference_mode():
        outputs = model(images.double())
    if not torch.allclose(outputs, levels[-1].before, rtol=AGREEMENT, atol=AGREEMENT):
        raise NotApplicable("the conditions are of perceptrons with ReLU, and this net does something else")
    return levels


def _inverse_mus(levels: list[Level], image_sample: Tensor) -> dict[tuple[int, int, int], list[float]]:
    """1/mu of each (a, c, b), one an image; NaN where the product from a to b is zero."""
    depth = len(levels)
    parts = [(a, c, b) for a in range(depth) for b in range(a + 2, depth + 1) for c in range(a + 1, b)]
    found: dict[tuple[int, int, int], list[float]] = {part: [] for part in parts}
    for index in range(len(levels[0].before)):
        norms = _norms_of_products(levels, index, image_sample[index].flatten().double())
        for a, c, b in parts:
            units = len(levels[c - 1].weight)
            whole = norms[a, b] * units**0.5
            found[a, c, b].append(norms[c + 1, b] * norms[a, c] / whole if whole > 0 else float("nan"))
    return found


def _norms_of_products(levels: list[Level], index: int, image: Tensor) -> dict[tuple[int, int], float]:
    """||P(a..b)||_F for 0 <= a <= b <= d at one image; the rows of inactive units, which are zero, are left out."""
    depth = len(levels)
    active = [torch.ones(len(image), dtype=torch.bool, device=image.device)]
    active += [level.before[index] > 0 for level in levels[:-1]]
    active.append(torch.ones_like(levels[-1].before[index], dtype=torch.bool))
    norms = {}
    for a in range(depth + 1):
        product = image[:, None] if a == 0 else levels[a - 1].weight[active[a]]
        norms[a, a] = float(product.norm())
        for b in range(a + 1, depth + 1):
            product = levels[b - 1].weight[active[b]][:, active[b - 1]] @ product
            norms[a, b] = float(product.norm())
    return norms
