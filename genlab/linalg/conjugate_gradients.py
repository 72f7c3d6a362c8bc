"""Preconditioned conjugate gradients for several right-hand sides, one step at a time, from any state."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Operator = Callable[[Tensor], Tensor]


@dataclass
class ConjugateGradients:
    """Where the iteration stands; all that the next step needs.

    Attributes:
        solution: float64 `[n, K]`.
        residual: Y - A X as the iteration has it, float64 `[n, K]`.
        direction: of the next step, float64 `[n, K]`.
        product: of the residual and the preconditioned residual, by column, float64 `[K]`.
        step: made so far.
    """

    solution: Tensor
    residual: Tensor
    direction: Tensor
    product: Tensor
    step: int = 0

    @classmethod
    def begin(cls, targets: Tensor, precondition: Operator) -> "ConjugateGradients":
        """At the solution 0."""
        direction = precondition(targets)
        return cls(torch.zeros_like(targets), targets.clone(), direction, (targets * direction).sum(0))

    def advance(self, apply: Operator, precondition: Operator) -> None:
        """One step for every column; a column whose residual is 0 stays.

        Args:
            apply: a symmetric positive definite A.
            precondition: a symmetric positive definite matrix near the inverse of A.
        """
        applied = apply(self.direction)
        length = _ratio(self.product, (self.direction * applied).sum(0))
        self.solution = self.solution + length * self.direction
        self.residual = self.residual - length * applied
        preconditioned = precondition(self.residual)
        product = (self.residual * preconditioned).sum(0)
        self.direction = preconditioned + _ratio(product, self.product) * self.direction
        self.product = product
        self.step += 1

    def relative_residual(self, targets: Tensor) -> float:
        """The largest |residual| / |target| of a column; 0 for one whose target is 0."""
        return float(_ratio(self.residual.norm(dim=0), targets.norm(dim=0)).max())


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    return torch.where(below > 0, above / torch.where(below > 0, below, 1), 0)
