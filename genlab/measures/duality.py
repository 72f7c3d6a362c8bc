"""Sharpness and size: the generalization gap at one linear layer, told in the eigenbasis of the layer's Hessian.

Notation of Feng, Zhang and Tu 2023: each test image k has a partner, the nearest training image of its label that is
correctly labelled; a and a' are what the layer W is given at the partner and at the test image. The dual weights W* =
W + dw give the partner what W gives the test image: dw = (W (a' - a)) a^T / |a|^2, the least change of weights that
does (Eq. 6), so that the change of loss dl = l(partner, W*) - l(partner, W) is that from partner to test image. The
effective gradient is g = dl dw / |dw|^2 (Eq. 8). Along the n-th eigenvector of the Hessian of the mean training loss
by W their means over the pairs are mu_g and mu_w, their standard deviations sigma_g (sharpness: of the landscape, as
it is large along directions of large curvature) and sigma_w (size: of the solution), their correlation c. All are of
the population of the pairs, so that with them the gap is the sum over n of mu_g mu_w + c sigma_g sigma_w, exactly
(Eq. 10).

Of any net with a linear layer, batch norm not folded: it is a part of what follows. The Hessian is of the training
images that are correctly labelled. Eigenvectors of equal eigenvalues, as of the zeros that dead inputs and few images
leave, have no directions of their own, and what is told of each of them apart (rows of the table, parts, the
correlation over directions) is one of many; sums over a block of them, and the gap, sharpness and size of all
directions are not. Sharp directions are those before the steepest fall of sigma_g; the paper says so without a rule,
and here that is the largest ratio of neighbours in falling order, in the first half of the directions and among those
that are not zero but for rounding.

Options of all: `layer`, by its name, the linear layer before the last one, as `named_modules` has them, where left
out (the last one where that has more than 4,096 weights or is not there); `test_images`, how many, the first ones;
`space`, in which partners are near, that of the images or of what the layer is given.
"""

from typing import Annotated, Literal

import pandas as pd
import torch
from pydantic import Field
from torch import Tensor

from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.inputs.duality import Directions, Duality, Space
from genlab.measures.inputs.image_statistics import with_gaps

FENG = "Feng, Zhang and Tu 2023, arXiv:2203.10736"
Part = Literal["all", "sharp", "flat"]
NOTHING = 1e-9  # of the largest, far above the rounding of an eigenvector and below any fall that counts
TestImages = Annotated[int, Field(ge=1)]


@measure(paper=FENG, equation="Equations 6, 8 and 10", unit="1", cost="passes", table=True)
def activity_weight_duality(
    duality: Duality, layer: str = "", test_images: TestImages = 1000, space: Space = "input"
) -> pd.DataFrame:
    """Sharpness, size and what they add to the gap along each eigenvector of the layer's Hessian.

    Args:
        layer: see this file.
        test_images: likewise.
        space: likewise.

    Returns:
        Columns layer, rank (1 for the largest eigenvalue), eigenvalue (nat), sigma_g (nat), sigma_w, mu_g (nat), mu_w
        (not negative, which is the sign of the eigenvector), correlation (empty where a standard deviation is zero),
        estimate (c sigma_g sigma_w, nat), gap (mu_g mu_w more, nat) and sharp.

    Raises:
        NotApplicable: see `duality_gap`.
    """
    found = duality.directions(layer, test_images, space)
    g, w = found.gradients, found.changes
    estimates, sigma_g, sigma_w = along(found)
    both = sigma_g * sigma_w
    columns = {
        "eigenvalue": found.eigenvalues,
        "sigma_g": sigma_g,
        "sigma_w": sigma_w,
        "mu_g": g.mean(0),
        "mu_w": w.mean(0),
        "correlation": torch.where(both > 0, estimates / both, torch.nan),
        "estimate": estimates,
        "gap": estimates + g.mean(0) * w.mean(0),
        "sharp": sharp(sigma_g),
    }
    table = pd.DataFrame({key: values.cpu().numpy() for key, values in columns.items()})
    table.insert(0, "rank", range(1, len(table) + 1))
    table.insert(0, "layer", duality.layer(layer))
    return with_gaps(table)


@measure(paper=FENG, equation="Equation 7", unit="nat", cost="passes")
def duality_gap(duality: Duality, layer: str = "", test_images: TestImages = 1000, space: Space = "input") -> Value:
    """The mean over test images of the loss less that of the partner, what the decomposition at a layer adds up to.

    With other layers other pairs are left out, whose partner gives the layer nothing but zeros; else it is the same.

    Args:
        layer: see this file.
        test_images: likewise.
        space: likewise.

    Raises:
        NotApplicable: the net has no such linear layer, or one with more than 8,192 weights, or one that is called more
            than once; no pair has dual weights; the loss is not the cross-entropy.
    """
    losses = duality.directions(layer, test_images, space).losses
    return Value(float(losses.mean()), samples=len(losses))


@measure(paper=FENG, equation="Equation 11", unit="nat", cost="passes")
def duality_gap_estimate(
    duality: Duality,
    layer: str = "",
    test_images: TestImages = 1000,
    space: Space = "input",
    part: Part = "all",
) -> Value:
    """The sum of c sigma_g sigma_w over the directions, or over the sharp or the flat ones: the gap without the means.

    Args:
        layer: see this file.
        test_images: likewise.
        space: likewise.
        part: of the directions.

    Raises:
        NotApplicable: see `duality_gap`.
    """
    found = duality.directions(layer, test_images, space)
    estimates, sigma_g, _ = along(found)
    return Value(float(estimates[chosen(sigma_g, part)].sum()), samples=len(found.losses))


@measure(paper=FENG, equation="Equation 11, sharpness in all directions", unit="nat", cost="passes")
def duality_sharpness(
    duality: Duality,
    layer: str = "",
    test_images: TestImages = 1000,
    space: Space = "input",
    part: Part = "all",
) -> Value:
    """The root of the sum of sigma_g^2 over the directions, or over the sharp or the flat ones.

    Over all of them it does not depend on the basis. Scaling the layer by s and the next one by 1/s divides it by s.

    Args:
        layer: see this file.
        test_images: likewise.
        space: likewise.
        part: of the directions.

    Raises:
        NotApplicable: see `duality_gap`.
    """
    found = duality.directions(layer, test_images, space)
    _, sigma_g, _ = along(found)
    return Value(float(sigma_g[chosen(sigma_g, part)].norm()), samples=len(found.losses))


@measure(paper=FENG, equation="Equation 11, size in all directions", unit="1", cost="passes")
def duality_size(
    duality: Duality,
    layer: str = "",
    test_images: TestImages = 1000,
    space: Space = "input",
    part: Part = "all",
) -> Value:
    """The root of the sum of sigma_w^2 over the directions, or over the sharp or the flat ones.

    Over all of them it does not depend on the basis. Scaling the layer by s multiplies it by s.

    Args:
        layer: see this file.
        test_images: likewise.
        space: likewise.
        part: of the directions.

    Raises:
        NotApplicable: see `duality_gap`.
    """
    found = duality.directions(layer, test_images, space)
    _, sigma_g, sigma_w = along(found)
    return Value(float(sigma_w[chosen(sigma_g, part)].norm()), samples=len(found.losses))


@measure(paper=FENG, equation="Equation 11, correlation over directions", unit="1", cost="passes")
def duality_correlation(
    duality: Duality, layer: str = "", test_images: TestImages = 1000, space: Space = "input"
) -> Value:
    """The mean of c over the directions, each with the weight sigma_g sigma_w; in -1..1, unchanged by scaling layers.

    Args:
        layer: see this file.
        test_images: likewise.
        space: likewise.

    Raises:
        NotApplicable: see `duality_gap`; or nothing varies.
    """
    found = duality.directions(layer, test_images, space)
    estimates, sigma_g, sigma_w = along(found)
    both = float((sigma_g * sigma_w).sum())
    if not both:
        raise NotApplicable("neither gradients nor changes of weights vary over the pairs")
    return Value(float(estimates.sum()) / both, samples=len(found.losses))


@measure(paper=FENG, equation="Section on sharp and flat directions", unit="count", cost="passes")
def sharp_directions(
    duality: Duality, layer: str = "", test_images: TestImages = 1000, space: Space = "input"
) -> Value:
    """How many directions are sharp: those before the steepest fall of sigma_g.

    Args:
        layer: see this file.
        test_images: likewise.
        space: likewise.

    Raises:
        NotApplicable: see `duality_gap`.
    """
    found = duality.directions(layer, test_images, space)
    return Value(float(sharp(along(found)[1]).sum()), samples=len(found.losses))


def along(found: Directions) -> tuple[Tensor, Tensor, Tensor]:
    """c sigma_g sigma_w, sigma_g and sigma_w along each direction, of the population, each `[N]`."""
    g = found.gradients - found.gradients.mean(0)
    w = found.changes - found.changes.mean(0)
    return (g * w).mean(0), g.square().mean(0).sqrt(), w.square().mean(0).sqrt()


def sharp(sigma_g: Tensor) -> Tensor:
    """Which directions come before the steepest fall of sigma_g, bool `[N]`; all that are not zero where none falls.

    What is left of the largest after rounding counts as zero.
    """
    order = sigma_g.argsort(descending=True)
    falling = sigma_g[order]
    half = falling[: (len(falling) + 1) // 2 + 1]
    there = half[half > NOTHING * falling.amax()]
    found = torch.zeros_like(sigma_g, dtype=torch.bool)
    count = int((there[:-1] / there[1:]).argmax()) + 1 if len(there) > 1 else len(there)
    found[order[:count]] = True
    return found


def chosen(sigma_g: Tensor, part: Part) -> Tensor:
    """The directions of a part, bool `[N]`."""
    if part == "all":
        return torch.ones_like(sigma_g, dtype=torch.bool)
    return sharp(sigma_g) if part == "sharp" else ~sharp(sigma_g)
