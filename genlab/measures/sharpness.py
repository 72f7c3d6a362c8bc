"""Sharpness of the training loss around a net: the largest in a box, and the expected one under noise.

w are all parameters of the net with batch norm folded, biases among them; L is the mean cross-entropy in nats over all
training images, and a net for which another loss was given has a reason instead. None is invariant under rescaling of
layers; all are under permutation of hidden units, but for what is drawn. Where a net is moved many times it moves in
float32 (a path of ascent, or noise whose average has a standard error far above rounding); losses that stand in a value
of their own are float64.
"""

import math

import pandas as pd
import torch
from torch import Tensor, nn

from genlab.hardware.devices import arithmetic
from genlab.linalg.random_subspace import RandomSubspace
from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.computing.value import require_positive
from genlab.measures.inputs.box_ascent import BoxAscent
from genlab.measures.inputs.gradient_ascent import GradientAscent
from genlab.measures.inputs.level_crossing import crossing
from genlab.measures.inputs.noise_curve import PER_DECADE, NoiseCurve, alpha_grid
from genlab.measures.inputs.subspace_ascent import largest_loss_in_subspace
from genlab.models.perturbation import Batches, MovableNet

KESKAR = "Keskar et al. 2017, arXiv:1609.04836"
NEYSHABUR = "Neyshabur et al. 2017, arXiv:1706.08947"
# An ascent looks at the loss of all images after so many steps, and halves its steps where the loss rose by less than
# a part of all that was gained; the first steps are this part of the box, and below the least it has converged.
PIECE, GAIN, FIRST_STEP, LEAST_STEP = 50, 0.01, 0.2, 0.02
# The alphas of noise are this one times powers of 10^(1/4): where a search for a level begins, and where it gives up.
SMALLEST = 1e-4
START, LEAST, MOST = 6, -8, 20


@measure(paper=NEYSHABUR, equation="Section 2.3, max sharpness", unit="1", cost="passes")
def max_sharpness(
    cross_entropy_model: nn.Module,
    train_images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    alpha: float = 5e-4,
    steps: int = 2000,
    images: int = 64,
) -> Value:
    """( max L(w + v) - L(w) ) / (1 + L(w)) over the box |v_i| <= alpha (|w_i| + 1): the largest that was found, >= 0.

    A lower bound of the maximum. Its steps need no learning rate and stop where they gain nothing, but it is not always
    the stronger one: plain gradient steps as published (`max_sharpness_sga`) ended between 0.65 and 1.08 times this on
    12 perceptrons, and above it on a VGG. Published values are of another ascent; compare with them there.

    By projected stochastic gradient ascent from v = 0: steps by the sign of the gradient with momentum, of a fifth of
    the box; where 50 of them gain less than 1 % they go on from the best point at half the size, with twice the images.
    The paper's numbers of steps and images are the defaults, and mostly fewer steps suffice. The value is that of the
    best point found, by the loss of the whole training set at both ends. The ascent ends at `steps` steps or where
    steps of a fiftieth of the box gain no more. Converged where the best loss after half of the steps had risen by 99 %
    of what the best after all has; both may be near a local maximum.

    Args:
        cross_entropy_model: batch norm folded; not changed.
        alpha: of the box, > 0.
        steps: at most.
        images: of the gradient of each of the first steps.
    """
    require_positive(alpha=alpha, steps=steps, images=images)
    batches = Batches(train_images, labels, images, generator=generator)
    with arithmetic("float32"):
        net = MovableNet(cross_entropy_model, torch.float32)
        ascent = BoxAscent(net, batches, _half_widths(net, alpha))
        best, at_best, size = net.mean_loss(train_images, labels), ascent.place.clone(), FIRST_STEP
        start, bests = best, {0: best}
        while ascent.steps < steps and size >= LEAST_STEP:
            ascent.climb(min(PIECE, steps - ascent.steps), size)
            found = _finite(net.mean_loss(train_images, labels), alpha=alpha)
            enough = found - best > GAIN * (found - start)
            if found > best:
                best, at_best = found, ascent.place.clone()
            bests[ascent.steps] = best
            if not enough:
                size, images = size / 2, images * 2
                ascent.return_to(at_best, Batches(train_images, labels, images, generator=generator))
    double = MovableNet(cross_entropy_model, torch.float64)
    value = _rise(double, at_best.double() * _half_widths(double, alpha), train_images, labels, alpha=alpha)
    halfway = max(loss for count, loss in bests.items() if count <= ascent.steps / 2)
    return Value(value, iterations=ascent.steps, converged=best - halfway <= GAIN * (best - start))


@measure(paper=NEYSHABUR, equation="Section 2.3, (3), max sharpness by gradient ascent", unit="1", cost="passes")
def max_sharpness_sga(
    cross_entropy_model: nn.Module,
    train_images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    alpha: float = 5e-4,
    steps: int = 2000,
    learning_rate: float = 0.01,
    images: int = 64,
) -> Value:
    """( L(w + v) - L(w) ) / (1 + L(w)), v after 2,000 steps of gradient ascent in |v_i| <= alpha (|w_i| + 1); >= 0.

    As published: projected stochastic gradient ascent from v = 0, plain steps of `learning_rate` times the gradient on
    64 images, back onto the box after each. The paper does not state its step size; 0.01, its learning rate of
    training, is a choice. On a VGG of an eighth of the width 0.01, 0.001 and 0.0001 gave the same value to 1 %.

    The loss is that of the whole training set at both ends, where the last step ends and not at the best point of the
    path. All steps are always made, each a gradient on `images` images: 128,000 images forward and backward by default.
    Converged where the second half of the steps gained 1 % at most of what all did.

    Args:
        cross_entropy_model: batch norm folded; not changed.
        alpha: of the box, > 0.
        steps: in all.
        learning_rate: times the gradient is a step, > 0.
        images: of the gradient of each step, drawn anew.
    """
    require_positive(alpha=alpha, steps=steps, learning_rate=learning_rate, images=images)
    batches = Batches(train_images, labels, images, generator=generator)
    with arithmetic("float32"):
        net = MovableNet(cross_entropy_model, torch.float32)
        ascent, losses = GradientAscent(net, batches, _half_widths(net, alpha)), [net.mean_loss(train_images, labels)]
        for count in (steps // 2, steps - steps // 2):
            ascent.climb(count, learning_rate)
            losses.append(_finite(net.mean_loss(train_images, labels), alpha=alpha))
    double = MovableNet(cross_entropy_model, torch.float64)
    value = _rise(double, ascent.displacement.double(), train_images, labels, alpha=alpha)
    start, halfway, end = losses
    return Value(value, iterations=ascent.steps, converged=abs(end - halfway) <= GAIN * abs(end - start))


@measure(paper=KESKAR, equation="(4), metric 2.1 in a random subspace", unit="1", cost="passes")
def max_sharpness_subspace(
    cross_entropy_model: nn.Module,
    train_images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    eps: float = 1e-3,
    dimension: int = 100,
    iterations: int = 10,
) -> Value:
    """( max L(w + A y) - L(w) ) / (1 + L(w)) over |y_j| <= eps (|(A^+ w)_j| + 1), A a random matrix: a lower bound.

    A has `dimension` columns of independent normal numbers, each of length 1, and A^+ is its pseudo-inverse. By
    L-BFGS-B on the loss of all training images, from y = 0. Departs from the paper, which multiplies by 100. The number
    of its columns and iterations are a choice.

    Args:
        cross_entropy_model: batch norm folded; not changed.
        eps: of the box, > 0.
        dimension: of the subspace; the number of parameters where that is less.
        iterations: of L-BFGS-B at most; `iterations` of the value are gradients, and it is converged where L-BFGS-B
            says so.
    """
    require_positive(eps=eps, dimension=dimension, iterations=iterations)
    with arithmetic("float32"):
        net = MovableNet(cross_entropy_model, torch.float32)
        omega = len(net.centre)
        subspace = RandomSubspace(omega, min(dimension, omega), generator=generator, device=net.centre.device)
        found = largest_loss_in_subspace(net, subspace, train_images, labels, eps, iterations)
    double = MovableNet(cross_entropy_model, torch.float64)
    value = _rise(double, found.displacement.double(), train_images, labels, eps=eps)
    return Value(value, iterations=found.gradients, converged=found.converged)


@measure(
    paper=NEYSHABUR, equation="Section 2.3 and Figure 2, expected sharpness and KL", unit="1", cost="passes", table=True
)
def expected_sharpness(
    noise_curve: NoiseCurve,
    smallest_alpha: float = SMALLEST,
    largest_alpha: float = 1e-2,
    draws: int = 50,
    images: int = 128,
) -> pd.DataFrame:
    """E_u[ L(w + u) ] - L(w) and KL for noise u_i of standard deviation sigma_i = alpha (10 |w_i| + 1), against alpha.

    KL = sum_i w_i^2 / (2 sigma_i^2), that of posterior w + u from a prior of the same noise about 0, in nats. As this
    prior depends on w, the pair is a measure and gives no bound. The expectation is a mean over draws of a direction,
    its opposite, and a choice of images, the same at every alpha, each less the loss of the net itself on these images.

    Args:
        noise_curve: of the net with batch norm folded.
        smallest_alpha: of a grid with 4 values a decade, > 0. The paper's grid is not known.
        largest_alpha: at which the grid ends.
        draws: at least 2.
        images: of a draw.

    Returns:
        Columns `alpha`, `kl` (falling), `expected_sharpness`, `standard_error` and `samples`, a row an alpha.
    """
    require_positive(smallest_alpha=smallest_alpha, largest_alpha=largest_alpha, images=images)
    if largest_alpha < smallest_alpha:
        raise NotApplicable(f"largest_alpha is {largest_alpha:g}, and smallest_alpha {smallest_alpha:g}")
    _require_two(draws)
    alphas = alpha_grid(smallest_alpha, largest_alpha)
    rises = noise_curve.rises(alphas, draws, images)
    columns = {
        "alpha": alphas,
        "kl": [noise_curve.kl(alpha) for alpha in alphas],
        "expected_sharpness": rises.mean(0),
        "standard_error": rises.std(0, ddof=1) / math.sqrt(draws),
        "samples": draws,
    }
    return pd.DataFrame(columns)


@measure(
    paper=NEYSHABUR, equation="Section 2.3 and Figures 2 to 4, KL at one expected sharpness", unit="nat", cost="passes"
)
def kl_at_expected_sharpness(noise_curve: NoiseCurve, level: float = 0.05, draws: int = 20, images: int = 128) -> Value:
    """KL of `expected_sharpness` where that is 0.05: the norm it takes to lie in a valley of that width; >= 0.

    The figures compare nets at a fixed expected sharpness, such as 0.05. Read off the curve by interpolation between
    its two values of alpha on both sides of the level, ln KL being linear in the logarithm of the expected sharpness.
    The alphas are those of `expected_sharpness`, 4 a decade, from 10^-2.5 on up or down until the level is passed, at
    least 1e-6 and at most 10. With as many draws and images as that table the draws are those of the table, and with
    fewer the first of them: asked for together, both cost little more than the table alone.

    `standard_error` is that of the draws, carried through the interpolation. The interpolation itself was off by less
    than 1 % of KL on perceptrons and by 4 % on a VGG, where a grid 8 times as fine was the truth. Converged where noise
    raises the loss at both alphas; where it lowers the loss at the lower one (the net is at no minimum) the curve leaps
    between them, the line is that of `level_crossing` for such points, and KL may be off by a factor of two.
    `iterations` are the alphas that were tried, `samples` the draws.

    Args:
        noise_curve: of the net with batch norm folded.
        level: the expected sharpness at which nets are compared, in nats, > 0.
        draws: at least 2.
        images: of a draw.

    Raises:
        NotApplicable: the expected sharpness is above the level at the least alpha, or below it at the largest.
    """
    require_positive(level=level, images=images)
    _require_two(draws)
    tried = {START: noise_curve.rises([_alpha(START)], draws, images)[:, 0]}
    step = 1 if tried[START].mean() < level else -1
    here = START
    while (tried[here].mean() < level) == (step > 0):
        if here in (LEAST, MOST):
            told = f"{tried[here].mean():.3g} at alpha {_alpha(here):g}"
            raise NotApplicable(f"the expected sharpness does not pass {level:g} where noise was tried: it is {told}")
        here += step
        tried[here] = noise_curve.rises([_alpha(here)], draws, images)[:, 0]
    low, high = sorted((here, here - step))
    kl_low, kl_high = noise_curve.kl(_alpha(low)), noise_curve.kl(_alpha(high))
    if kl_low == 0:
        return Value(0.0, standard_error=0.0, iterations=len(tried), samples=draws, converged=True)
    found = crossing(level, tried[low], tried[high], kl_low, kl_high)
    smooth = bool(tried[low].mean() > 0)
    return Value(found.value, found.standard_error, iterations=len(tried), samples=draws, converged=smooth)


def _alpha(index: int) -> float:
    """Of the grid of `expected_sharpness`, to the last bit where that has its default."""
    return SMALLEST * 10 ** (index / PER_DECADE)


def _require_two(draws: int) -> None:
    if draws < 2:
        raise NotApplicable(f"draws is {draws}, and a standard error needs 2")


def _half_widths(net: MovableNet, alpha: float) -> Tensor:
    """alpha (|w_i| + 1), `[omega]`."""
    return alpha * (net.centre.abs() + 1)


def _rise(net: MovableNet, displacement: Tensor, images: Tensor, labels: Tensor, **option: float) -> float:
    """( L(w + v) - L(w) ) / (1 + L(w)) in float64, at least 0: v = 0 is in every box.

    Args:
        option: the size of the box, by its name; there to be told where the loss is not finite.
    """
    net.move(displacement, 0.0)
    at_rest = net.mean_loss(images, labels)
    net.move(displacement)
    return max(0.0, _finite(net.mean_loss(images, labels), **option) - at_rest) / (1 + at_rest)


def _finite(loss: float, **option: float) -> float:
    """The loss itself.

    Raises:
        NotApplicable: it overflowed, or its weights did, where the option moves them to.
    """
    if not math.isfinite(loss):
        told = ", ".join(f"{name} is {value:g}" for name, value in option.items())
        raise NotApplicable(f"the loss of the moved net is not finite: {told}")
    return loss
