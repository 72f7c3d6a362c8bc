"""Matrix-Project of a layer against its random matrices, written down and multiplied."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from genlab.compression.methods.matrix_project import matrix_project
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.sizes import Sizes

# As floats 8,192 random matrices of 512 x 512 take 8.6 GB, so the usual side does so many of the products and its time
# counts as that of all; its memory is that of the part.
USUAL_PRODUCTS = 1024


class Projecting:
    """One way of storing a layer as k products and of making it again."""

    facts: dict[str, Any]

    def __init__(self, way: str, width: int, k: int):
        self._k, self._way = k, way
        self._layer = nn.Linear(width, width, bias=False, dtype=torch.float64)
        with torch.no_grad():
            self._layer.weight.normal_(0, 1, generator=torch.Generator().manual_seed(0))
        self.facts = {}

    def settle(self) -> None:
        """Nothing."""

    @torch.no_grad()
    def work(self) -> float:
        """Store and make again; |A' - A|_F / |A|_F in units of what it is in the mean, sqrt((N - 1) / k)."""
        weight = self._layer.weight
        error = float((getattr(self, f"_{self._way}")() - weight).norm() / weight.norm())
        return error / ((weight.numel() - 1) / self._k) ** 0.5

    def _usual(self) -> Tensor:
        """As one would write it in torch, in float32: all matrices at once, two products with them.

        Signs of uniform numbers are the fastest of its ways to draw them: `randint` takes 1.6 times as long,
        `bernoulli_` 4 times.
        """
        flat = self._layer.weight.flatten().float()
        draws = torch.Generator().manual_seed(1)
        M = torch.empty(self._k, flat.numel()).uniform_(-1, 1, generator=draws).sign_()
        return ((M @ flat) @ M / self._k).view_as(self._layer.weight)

    def _genlab(self) -> Tensor:
        """Stored as products and a seed; made again from these alone."""
        found = matrix_project({"0": self._layer}, torch.Generator().manual_seed(1), k=self._k)["0"]
        return found.form.build(self._layer, found.stored.tensors).get_parameter("weight")


def projection_contests(sizes: Sizes) -> Iterator[Contest]:
    """One contest: what is compared is the error over its mean, near 1 on both sides."""
    width, k = sizes.projected
    part = min(1.0, USUAL_PRODUCTS / k)
    yield Contest(
        f"Matrix-Project {width}, k {k}",
        Way("usual", Projecting, ("usual", width, round(k * part)), part),
        [Way("genlab", Projecting, ("genlab", width, k))],
        units=1,
        unit="call",
        share=0.34,
        compare=lambda usual, other: f"error over its mean: usual {usual:.3f}, genlab {other:.3f}",
    )
