"""The largest box around a net's parameters in which its training error rises by no more than a given amount.

The box of size alpha is |v_i| <= alpha, or |v_i| <= alpha |w_i| in the form that heeds the size of the parameters. The
largest error in it is sought by `box_ascent` of a smoothed error, the mean of 1 / (1 + exp(margin / scale)), scale the
mean size of the margins of the net itself. (The cross-entropy would not do: it rises most by what makes wrong images
worse.) An ascent finds a lower bound of the largest error, so the alpha that is found is an upper bound of the true
one. The error where it ends is that of all training images; only the images of each gradient are drawn, and they are
the same at every alpha.

The steps of an ascent take the sign of one gradient each, and fall evenly from a half-width, which throws every
parameter onto a side of the box, to nothing. The highest of `tries` ascents counts, each with images of its own.
(`steady` steps are of one size, 2.5 half-widths together, with momentum 0.9: they end near where they start.)

Measured on four perceptrons for digits (hidden layers of 24-24, 24-24, 128 and 64-64-64 units, trained to a loss
below 0.01), both kinds of alpha, 3 choices of images each, 24 searches in all: one try of 20 steady steps overstates
alpha by 7 to 60 % against 3 tries of 80 falling ones, 3 tries of 20 falling steps by up to 10 % against 3 of 40, and
these by 2 % at most against 3 of 80, which is what the bisection itself leaves open. More steps in one try help less
than more tries: single tries of 40 differ by up to 19 % between choices of images. A search takes 600 to 1,000
gradients, where one of 20 steady steps takes 220 to 280.

One bisection of ln alpha with the first try, which goes on below where another try finds more. Whether the ascents
themselves were long enough is tried where it ends: the box 5 % below the last interval is climbed twice more, by
falling steps, twice as many, with other images, from the middle and from a random point. That told 21 of 23 steady
searches (one was not waited for), and none of the others. The nets move in float32, which an ascent by signs does not
notice.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from genlab.hardware.devices import arithmetic
from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.box_ascent import MOMENTUM, BoxAscent
from genlab.measures.inputs.once import Once
from genlab.models.logits import margins_of
from genlab.models.perturbation import Batches, MovableNet

COARSE, LOWER, FINE = 4.0, 1.2, 1.02
STEPS_UP, STEPS_DOWN = 8, 14
# What longer ascents may lower alpha by where it counts as converged.
SLACK = 1.05
# How far all steps of a steady ascent together could go, in half-widths.
REACH = 2.5

Ascent = Literal["falling", "steady"]


@dataclass(frozen=True)
class Alpha:
    """The end of a search.

    Attributes:
        value: alpha, in the middle of the last interval.
        residual: half its width, which says nothing of what the ascents missed: the true alpha may be less.
        steps: gradients that were taken in all.
        converged: whether longer ascents in a box 5 % below the lower end raise the error by no more than is allowed.
    """

    value: float
    residual: float
    steps: int
    converged: bool


class WorstCaseSearch:
    """Searches on one net; each is made once, whoever asks for it.

    Args:
        model: without batch norm; not changed.
        images: `[n, channels, height, width]` as the net takes them.
        labels: int64 `[n]`.
        generator: a CPU generator, of which one number is taken.

    Attributes:
        count: number of training images.
    """

    def __init__(self, model: nn.Module, images: Tensor, labels: Tensor, *, generator: torch.Generator):
        self.count = len(labels)
        self._model, self._images, self._labels = model, images, labels
        self._seed = int(torch.randint(2**62, (), generator=generator))
        self._once = Once[Alpha]()

    def alpha(
        self,
        error_increase: float,
        steps: int,
        images: int,
        magnitude: bool,
        tries: int = 3,
        ascent: Ascent = "falling",
    ) -> Alpha:
        """The largest alpha at which the ascent raises the training error by at most `error_increase`.

        Args:
            error_increase: in (0, 1).
            steps: of an ascent, at least 1.
            images: of the gradient of each step, at least 1; all of them where there are no more.
            magnitude: whether the box is in proportion to the parameters.
            tries: ascents in each box, at least 1.
            ascent: how its steps go.

        Raises:
            NotApplicable: an argument out of its range, or no such alpha.
        """
        return self._once(self._search, error_increase, steps, images, magnitude, tries, ascent)

    @arithmetic("float32")
    def _search(
        self, error_increase: float, steps: int, images: int, magnitude: bool, tries: int, ascent: Ascent
    ) -> Alpha:
        _check(error_increase, steps, images, tries)
        generator = torch.Generator().manual_seed(self._seed)
        if images >= self.count:
            tries = 1  # with all images at each step they would be the same
        batches = [Batches(self._images, self._labels, images, generator=generator) for _ in range(tries)]
        net = MovableNet(self._model, torch.float32)
        sizes = net.centre.abs() if magnitude else torch.ones_like(net.centre)
        at_rest = net.error(self._images, self._labels)
        scale = float(margins_of(net.logits(self._images), self._labels).abs().double().mean()) or 1.0
        taken = 0

        def smoothed_error(logits: Tensor, labels: Tensor) -> Tensor:
            return torch.sigmoid(-margins_of(logits, labels) / scale)

        def climbed(alpha: float, count: int, on: Batches, how: Ascent, place: Tensor | None = None) -> bool:
            nonlocal taken
            taken += count
            climb = BoxAscent(net, on, alpha * sizes, smoothed_error, MOMENTUM if how == "steady" else 0.0)
            if place is not None:
                climb.return_to(place, on)
            for size in _sizes(count, how):
                climb.climb(1, size)
            return net.error(self._images, self._labels) - at_rest > error_increase

        start = 0.01 if magnitude else 0.01 * float(net.centre.square().mean().sqrt())

        def above(on: Batches) -> Callable[[float], bool]:
            return lambda alpha: climbed(alpha, steps, on, ascent)

        low, high = _bisect(above(batches[0]), start)
        for on in batches[1:]:
            low, high = _lowered(above(on), low, high)
        others = Batches(self._images, self._labels, images, generator=generator)
        somewhere = (2 * torch.rand(len(sizes), generator=generator) - 1).to(sizes)
        missed = any(climbed(low / SLACK, 2 * steps, others, "falling", place) for place in (None, somewhere))
        return Alpha((low + high) / 2, (high - low) / 2, taken, not missed)


def _bisect(above: Callable[[float], bool], start: float) -> tuple[float, float]:
    """Ends within 2 % of each other, not above and above.

    Raises:
        NotApplicable: there are none within a factor of 65,000 up and 4e-9 down.
    """
    x, at_start = start, above(start)
    low = high = x
    for _ in range(STEPS_DOWN if at_start else STEPS_UP):
        following = x / COARSE if at_start else x * COARSE
        if above(following) != at_start:
            low, high = (following, x) if at_start else (x, following)
            break
        x = following
    else:
        reach = f"every alpha down to {x:.3g}" if at_start else f"no alpha up to {x:.3g}"
        raise NotApplicable(f"{reach} raises the training error by that much")
    return _narrowed(above, low, high)


def _lowered(above: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    """The ends as they are where the lower one is not above here either, else others below them."""
    while above(low):
        low, high = low / LOWER, low
    return _narrowed(above, low, high)


def _narrowed(above: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    while high / low > FINE:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if above(middle) else (middle, high)
    return low, high


def _sizes(count: int, how: Ascent) -> list[float]:
    """Of the steps of an ascent, as parts of the half-width."""
    if how == "steady":
        return [REACH / count] * count
    return [1 - (step + 0.5) / count for step in range(count)]


def _check(error_increase: float, steps: int, images: int, tries: int) -> None:
    if not 0 < error_increase < 1:
        raise NotApplicable(f"error_increase is {error_increase:g}, and an increase of the error lies in (0, 1)")
    if steps < 1:
        raise NotApplicable(f"steps is {steps}, and an ascent takes 1")
    if images < 1:
        raise NotApplicable(f"images is {images}, and a gradient needs 1")
    if tries < 1:
        raise NotApplicable(f"tries is {tries}, and a box is climbed once or more")
