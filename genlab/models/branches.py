"""Branches that all see the same input, and how their outputs become one: side by side, or added."""

import torch
from torch import Tensor, nn

from genlab.models.dropout import Drawing, Drawn


class Branches(Drawing):
    """Modules that all see the same input; `generator` goes to those that take one, in their order."""

    def __init__(self, *branches: nn.Module):
        super().__init__()
        for number, branch in enumerate(branches):
            self.add_module(str(number), branch)

    def outputs(self, x: Tensor, generator: torch.Generator | Drawn | None) -> list[Tensor]:
        """Of each branch."""
        return [
            branch(x, generator=generator) if isinstance(branch, Drawing) else branch(x) for branch in self.children()
        ]


class Concatenation(Branches):
    """The channels of all branches side by side, in their order: `[n, c1 + c2 + ..., height, width]`."""

    def forward(self, x: Tensor, *, generator: torch.Generator | Drawn | None = None) -> Tensor:
        """Of a batch x."""
        return torch.cat(self.outputs(x, generator), 1)


class Sum(Branches):
    """The outputs of all branches, of one shape, added up: a residual block where one of them is the identity."""

    def forward(self, x: Tensor, *, generator: torch.Generator | Drawn | None = None) -> Tensor:
        """Of a batch x."""
        first, *others = self.outputs(x, generator)
        for other in others:
            first = first + other
        return first
