"""The noise that a net's training error endures, against a bisection of copies of the net over all images."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from genlab.config.schema.model import MLPConfig
from genlab.measures.sigma_search import SigmaSearch
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.sizes import Sizes

SHAPE, CLASSES, WIDTHS = (1, 28, 28), 10, (512, 512)
INCREASE, LARGEST = 0.1, 2.0
STEPS, DRAWS, BATCH = 15, 10, 256


class SigmaOf:
    """The search on one untrained MLP that is right on all its images: their labels are its own answers.

    Args:
        search: from the net, images and labels to sigma and a standard error (of the usual way none is known: 0).
        images: how many.
    """

    def __init__(self, search: Callable[[nn.Module, Tensor, Tensor], tuple[float, float]], images: int):
        config = MLPConfig(name="mlp", widths=WIDTHS)
        self.model = build_model(config, SHAPE, CLASSES, generator=generator_for(0, "init")).eval()
        self.images = torch.rand(images, *SHAPE, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            logits = self.model(self.images)
            self.model[-1].bias -= logits.mean(0)
            self.labels = (logits - logits.mean(0)).argmax(1)
        self.search = search
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> tuple[float, float]:
        """Sigma and its standard error."""
        return self.search(self.model, self.images, self.labels)


def genlab_sigma(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """As `pac_bayes_sigma` computes it, with its default options."""
    found = SigmaSearch(model, images, labels, generator=torch.Generator().manual_seed(1)).sigma(INCREASE, 256, 128)
    return found.value, found.standard_error


class UsualSigma:
    """Bisection of [0, 2] with a copy of the net for each draw, noise of its own, and all images.

    Args:
        steps: of bisection.
    """

    def __init__(self, steps: int):
        self.steps = steps

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
        """Sigma, in the middle of the last interval."""
        generator, low, high = torch.Generator().manual_seed(1), 0.0, LARGEST
        for _ in range(self.steps):
            sigma = (low + high) / 2
            errors = [self.error(model, images, labels, sigma, generator) for _ in range(DRAWS)]
            low, high = (low, sigma) if sum(errors) / DRAWS > INCREASE else (sigma, high)
        return (low + high) / 2, 0.0

    @torch.no_grad()
    def error(
        self, model: nn.Module, images: Tensor, labels: Tensor, sigma: float, generator: torch.Generator
    ) -> float:
        """Of one copy with noise."""
        copied = copy.deepcopy(model)
        for parameter in copied.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * sigma)
        batches = zip(images.split(BATCH), labels.split(BATCH), strict=True)
        return sum((copied(x).argmax(1) != y).sum().item() for x, y in batches) / len(labels)


def noise_contests(sizes: Sizes) -> Iterator[Contest]:
    """One contest."""
    yield Contest(
        "sigma search, MLP 512-512",
        Way("usual", SigmaOf, (UsualSigma(sizes.sigma_steps), sizes.sigma_images)),
        [Way("genlab", SigmaOf, (genlab_sigma, sizes.sigma_images))],
        units=1,
        unit="call",
        share=0.3,
        compare=lambda usual, other: f"sigma {usual[0]:.5f}, genlab {other[0]:.5f} with standard error {other[1]:.5f}",
    )
