"""The largest noise on all parameters of a net under which its training error rises by no more than a given amount.

With independent standard normal numbers z_i, the noise on parameter w_i is sigma z_i, or, in the form that heeds the
size of the parameters, sqrt(sigma^2 w_i^2 + eps^2) z_i: sigma and eps are standard deviations, never variances. sigma
is where E_z[ error(w + noise) ] - error(w) crosses the wanted increase.

A draw is a direction z with a choice of images. Its increase is the error of the moved net on these images less that of
the net itself on the same ones; increases of different draws are independent and each has the wanted mean, so a draw
need not see all images: the time of a draw goes into its images, its variance comes from its direction too. Draw k has
the same direction and images at every sigma, and `noisy_bisection` finds the crossing.

The nets move in float32: rounding takes an image to the other side only where two logits agree to 6 digits, far below
the standard error.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.hardware.devices import arithmetic
from genlab.hardware.memory import available_memory_bytes
from genlab.measures.computing.value import NotApplicable, require_positive
from genlab.measures.inputs.noisy_bisection import NoisyBisection, Trial
from genlab.measures.inputs.once import Once
from genlab.models.perturbation import Batches, Directions, MovableNet

# Draws are added until the standard error is this part of sigma.
RELATIVE_ERROR = 0.05
# Directions are kept for the next sigma, in no more than this and a quarter of the free memory: to draw those of a
# VGG-11 again takes a sixth of the search.
DIRECTION_BYTES = 2**31
# Of an image that the net itself has not classified yet.
UNKNOWN = -1


@dataclass(frozen=True)
class Sigma:
    """The end of a search.

    Attributes:
        value: sigma.
        standard_error: Monte-Carlo error of the value.
        draws: of the mean increase at the ends of the last interval.
        trials: each sigma that was tried, with the mean increase of the error.
        passes: images that went through the net, at rest and moved, over the size of the training set.
        converged: whether the standard error is at most 5 % of the value.
    """

    value: float
    standard_error: float
    draws: int
    trials: tuple[Trial, ...]
    passes: float
    converged: bool


class SigmaSearch:
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
        self._once = Once[Sigma]()

    def sigma(self, error_increase: float, draws: int, images: int, eps: float | None = None) -> Sigma:
        """The largest sigma under which the training error rises by at most `error_increase` on average.

        Args:
            error_increase: in (0, 1).
            draws: at most, at least 2; 32 are taken, and more only where sigma is not yet known to 5 %.
            images: of a draw, at least 1; all of them where there are no more.
            eps: of the form sqrt(sigma^2 w_i^2 + eps^2), positive; None for plain sigma.

        Raises:
            NotApplicable: an argument out of its range, or no such sigma.
        """
        return self._once(self._search, error_increase, draws, images, eps)

    def _search(self, error_increase: float, draws: int, images: int, eps: float | None) -> Sigma:
        _check(error_increase, draws, images, eps)
        generator = torch.Generator().manual_seed(self._seed)
        drawn = _Draws(self._model, Batches(self._images, self._labels, images, generator=generator), eps, generator)
        # One binomial choice of images, as if all draws had the same direction: the least that increases can vary.
        spread = math.sqrt(error_increase * (1 - error_increase) / min(images, self.count))
        try:
            with arithmetic("float32"):
                search = NoisyBisection(
                    drawn.increase, error_increase, count=draws, relative_error=RELATIVE_ERROR, spread=spread
                )
                found = search.run(drawn.start)
        except NotApplicable as why:
            raise NotApplicable(f"no sigma raises the training error by {error_increase:g}: {why}") from None
        converged = found.standard_error <= RELATIVE_ERROR * found.x
        return Sigma(found.x, found.standard_error, found.count, found.trials, drawn.images / self.count, converged)


class _Draws:
    """The increase of the error for each number of a draw and each sigma.

    Attributes:
        start: a sigma to begin with: noise of a tenth of the parameters.
        images: how many went through the net so far.
    """

    def __init__(self, model: nn.Module, batches: Batches, eps: float | None, generator: torch.Generator):
        self._net, self._batches, self._eps = MovableNet(model, torch.float32), batches, eps
        device = batches.images.device
        room = min(DIRECTION_BYTES, available_memory_bytes(device) // 4)
        self._directions = Directions(len(self._net.centre), generator=generator, device=device, kept_bytes=room)
        self._at_rest = torch.full_like(batches.labels, UNKNOWN)
        self.start = 0.1 if eps is not None else 0.1 * float(self._net.centre.square().mean().sqrt())
        self.images = 0

    def increase(self, number: int, sigma: float) -> float:
        """error(w + noise) - error(w) on the images of a draw."""
        images, labels = self._batches[number]
        at_rest = self._error_at_rest(number)
        scale = sigma if self._eps is None else torch.sqrt(sigma**2 * self._net.centre.square() + self._eps**2)
        self._net.move(self._directions[number], scale)
        self.images += len(labels)
        return self._net.error(images, labels) - at_rest

    def _error_at_rest(self, number: int) -> float:
        """Of the net itself, each image seen once in the whole search."""
        chosen = self._batches.chosen(number)
        new = chosen[self._at_rest[chosen] == UNKNOWN]
        if len(new):
            self._net.move(self._directions[number], 0.0)
            self._at_rest[new] = self._net.wrong(*self._batches.of(new)).long()
            self.images += len(new)
        return int(self._at_rest[chosen].sum()) / len(chosen)


def _check(error_increase: float, draws: int, images: int, eps: float | None) -> None:
    if not 0 < error_increase < 1:
        raise NotApplicable(f"error_increase is {error_increase:g}, and an increase of the error lies in (0, 1)")
    if draws < 2:
        raise NotApplicable(f"draws is {draws}, and a standard error needs 2")
    if images < 1:
        raise NotApplicable(f"images is {images}, and a draw needs 1")
    if eps is not None:
        require_positive(eps=eps)
