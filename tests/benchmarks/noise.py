"""The noise that a net's training error endures, against a bisection of copies of the net over all images."""

import copy
import functools
from collections.abc import Iterator

import torch

from genlab.measures.inputs.sigma_search import SigmaSearch
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.measured_nets import OnNet, Subject
from tests.benchmarks.sizes import Sizes

INCREASE, LARGEST = 0.1, 2.0
STEPS, DRAWS, BATCH = 15, 10, 256
FEWER_DRAWS = 32


def genlab_sigma(subject: Subject, draws: int = 256) -> tuple[float, float]:
    """As `pac_bayes_sigma` computes it, with its default options: to 5 %, or as well as so many draws can."""
    generator = torch.Generator().manual_seed(1)
    search = SigmaSearch(subject.model, subject.images, subject.labels, generator=generator)
    found = search.sigma(INCREASE, draws, 128)
    return found.value, found.standard_error


@torch.no_grad()
def usual_sigma(subject: Subject, steps: int = STEPS) -> tuple[float, float]:
    """Bisection of [0, 2] with a copy of the net for each draw, noise of its own, and all images.

    Returns:
        Sigma, in the middle of the last interval; and no standard error, for none is known.
    """
    generator, low, high = torch.Generator().manual_seed(1), 0.0, LARGEST
    for _ in range(steps):
        sigma = (low + high) / 2
        errors = [_error(subject, sigma, generator) for _ in range(DRAWS)]
        low, high = (low, sigma) if sum(errors) / DRAWS > INCREASE else (sigma, high)
    return (low + high) / 2, 0.0


def _error(subject: Subject, sigma: float, generator: torch.Generator) -> float:
    """Of one copy with noise."""
    copied = copy.deepcopy(subject.model)
    for parameter in copied.parameters():
        parameter.add_(torch.randn(parameter.shape, generator=generator) * sigma)
    batches = zip(subject.images.split(BATCH), subject.labels.split(BATCH), strict=True)
    return sum((copied(x).argmax(1) != y).sum().item() for x, y in batches) / len(subject.labels)


def noise_contests(sizes: Sizes) -> Iterator[Contest]:
    """One contest a net; where the usual way takes too long it makes its first steps only, which all cost the same."""
    for net, steps in sizes.noisy:
        part = steps / STEPS
        yield Contest(
            f"sigma search, {net.title}",
            Way("usual", OnNet, (functools.partial(usual_sigma, steps=steps), net), part=part),
            [
                Way("genlab", OnNet, (genlab_sigma, net)),
                Way(f"{FEWER_DRAWS} draws", OnNet, (functools.partial(genlab_sigma, draws=FEWER_DRAWS), net)),
            ],
            units=1,
            unit="call",
            share=0.3,
            warm_up=net.short,
            compare=_answers if part == 1 else _answer,
        )


def _answers(usual: tuple[float, float], other: tuple[float, float]) -> str:
    return f"sigma {usual[0]:.3g}, genlab {other[0]:.3g} +- {other[1]:.2g}"


def _answer(usual: tuple[float, float], other: tuple[float, float]) -> str:
    return f"genlab {other[0]:.3g} +- {other[1]:.2g}; the usual time is that of its first steps, scaled"
