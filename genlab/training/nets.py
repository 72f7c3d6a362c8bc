"""What the training loop asks of what it trains, so that it knows nothing of one net or many."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from genlab.training.evaluate import Evaluation

Draws = TypeVar("Draws")


class Nets(Protocol):
    """K nets of one shape, each with its own weights and optimiser state; K is 1 for a run on its own.

    Attributes:
        device: where they are trained.
        draws: whether a training step draws random numbers at all (dropout).
    """

    device: torch.device
    draws: bool

    def step(self, batch: Any, rates: Sequence[float], generators: Sequence[torch.Generator] | None) -> None:
        """One gradient step of each net; nothing here waits for the device, nor need the step be done on return.

        Args:
            batch: one for each, as the `Batches` that belong to them give it.
            rates: the learning rate of each, K of them.
            generators: of dropout, K of them on the device; None where nothing is drawn.
        """

    def losses(self) -> Tensor:
        """The mean cross-entropy of each net on the batch of the last step, before its update, `[K]`."""

    def finite(self) -> list[bool]:
        """Whether every loss of each net so far was finite."""

    def evaluate(self) -> list[tuple[Evaluation, Evaluation]]:
        """Training and test set of each net, K pairs."""

    def weights(self, index: int) -> dict[str, Tensor]:
        """Parameters and buffers of one net, by the names of its module."""

    def optimiser_state(self, index: int) -> dict[str, Tensor]:
        """What its optimiser remembers, as `optimisers.state.state_tensors` names it."""

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with these nets only, in this order."""


class Batches(Protocol[Draws]):
    """The training images of K nets, in batches."""

    def __len__(self) -> int:
        """Training images of one net."""

    def draw(self, orders: Sequence[torch.Generator], augmentations: Sequence[torch.Generator]) -> Draws:
        """The random draws of an epoch, from two CPU generators a net."""

    def batch(self, draws: Draws, start: int, stop: int) -> Any:
        """Images and labels at positions `start` to `stop` of the epoch, for all nets."""

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with the images of these nets only, in this order."""
