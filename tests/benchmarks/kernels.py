"""A Gaussian kernel machine that interpolates, against the kernel matrix written down and given to a solver."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.linalg.conjugate_gradients import ConjugateGradients
from genlab.linalg.landmarks import LandmarkPreconditioner
from genlab.linalg.symmetric_blocks import SymmetricBlocks
from genlab.models.gaussian_kernel import GaussianKernel, gaussian_kernel
from genlab.training.procedures.kernel_solution import solve_directly
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.sizes import Sizes

GAMMA, CLASSES, TOLERANCE, LANDMARKS = 0.02, 10, 1e-3, 500


def made(count: int) -> Dataset:
    """Images that differ in tens of directions and a little in every pixel, as those of MNIST; random labels."""
    generator = torch.Generator().manual_seed(0)
    directions = torch.rand(40, 784, generator=generator)
    mixed = torch.rand(count, 40, generator=generator).pow(4) @ directions
    mixed = mixed / mixed.max() + 0.15 * torch.rand(count, 784, generator=generator).pow(6)
    pixels = (255 * mixed / mixed.max()).to(torch.uint8).view(count, 28, 28, 1)
    labels = torch.randint(CLASSES, (count,), generator=generator)
    names = tuple(map(str, range(CLASSES)))
    return Dataset(pixels, labels, labels, pixels[:1], labels[:1], names, (1, 28, 28), Normalisation("none"))


class Solving:
    """One way of solving for the coefficients."""

    facts: dict[str, Any]

    def __init__(self, way: str, count: int):
        self._dataset, self._way = made(count), way
        self._images = self._dataset.normalisation(self._dataset.train_images)
        self._targets = F.one_hot(self._dataset.train_labels, CLASSES).double()
        self.facts = {}

    def settle(self) -> None:
        """Nothing."""

    @torch.no_grad()
    def work(self) -> float:
        """Solve; the norm of the solution."""
        coefficients = getattr(self, f"_{self._way}")()
        return float((coefficients * self._targets).sum().clamp(min=0).sqrt())

    def _usual(self) -> Tensor:
        """As one would write it: float64 throughout, distances from differences of squares, numpy's solver."""
        x = self._images.flatten(1).double().numpy()
        squares = (x**2).sum(1)
        kernel = np.exp(-GAMMA * (squares[:, None] + squares - 2 * x @ x.T))
        return torch.from_numpy(np.linalg.solve(kernel, self._targets.numpy()))

    def _direct(self) -> Tensor:
        model = GaussianKernel(self._images, CLASSES, GAMMA)
        solve_directly(model, self._targets, self._dataset, ridge=0.0)
        return model.coefficients.double()

    def _iterated(self) -> Tensor:
        x = self._images.flatten(1)
        landmarks = torch.arange(min(LANDMARKS, len(x)))
        columns = gaussian_kernel(x, x[landmarks], GAMMA)
        precondition = LandmarkPreconditioner(columns, landmarks, trace=float(len(x)), ridge=0.0)
        blocks = SymmetricBlocks(lambda r, c: gaussian_kernel(x[r], x[c], GAMMA), len(x), keep_bytes=2**33)
        state = ConjugateGradients.begin(self._targets, precondition)
        while state.relative_residual(self._targets) > TOLERANCE and state.step < 1000:
            state.advance(blocks, precondition)
        return state.solution


def kernel_contests(sizes: Sizes) -> Iterator[Contest]:
    """One contest: what is compared is the norm of the solution, sqrt(tr Y^T K^-1 Y)."""
    count = sizes.kernel_images
    yield Contest(
        f"Gaussian kernel, {count} images",
        Way("usual", Solving, ("usual", count)),
        [Way("direct", Solving, ("direct", count)), Way("iterated", Solving, ("iterated", count))],
        units=1,
        unit="call",
        share=0.2,
        compare=lambda usual, other: f"norm {usual:.5g}, genlab {other:.5g}",
    )
