"""What nets side by side ask of an optimiser: a learning rate and a weight decay a net, and a state a net."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


class StackedOptimiser(Protocol):
    """Updates stacked parameters `[K, ...]` in place, and remembers what it must for each net."""

    def begin(self, rates: Tensor) -> None:
        """A step begins, with these learning rates `[K]`."""

    def update(self, name: str, gradient: Tensor) -> None:
        """Update one parameter by its gradient `[K, ...]`, which is overwritten."""

    def update_by_product(self, name: str, left: Tensor, right: Tensor) -> None:
        """The same with the gradient `left @ right`, `[K, rows, b]` by `[K, b, columns]`, which need not be formed."""

    def state(self, index: int) -> dict[str, Tensor]:
        """What is remembered of one net, as `state.state_tensors` names it."""

    def load(self, index: int, state: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave, here or for a net trained on its own."""

    def keep(self, indices: Tensor, parameters: Mapping[str, Tensor]) -> None:
        """Go on with these nets only, whose parameters are now the given tensors."""


def per_net(values: Tensor, tensor: Tensor) -> Tensor:
    """One value a net, to broadcast over a stacked tensor."""
    return values.view(-1, *[1] * (tensor.dim() - 1))
