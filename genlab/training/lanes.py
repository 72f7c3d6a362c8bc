"""Stacks of nets side by side on the cores of a CPU, each in a thread of its own.

Threads within an operation gain little where operations are as short as those of small nets, and a stack that a core
keeps in its cache is faster than a larger one. Python's lock is free while an operation runs.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from genlab.data.stacked import StackedBatches
from genlab.training.evaluate import Evaluation
from genlab.training.stacked_nets import StackedNets

Result = TypeVar("Result")


class Share(NamedTuple):
    """What one lane is to train on in a step; selected by the lane itself."""

    batches: StackedBatches
    draws: Any
    start: int
    stop: int


class LaneNets:
    """`genlab.training.nets.Nets` over several stacks.

    Args:
        stacks: in the order of their nets.
    """

    def __init__(self, stacks: Sequence[StackedNets]):
        self._stacks = list(stacks)
        self._threads = ThreadPoolExecutor(max(1, len(stacks) - 1), "lane")
        self.device, self.draws = stacks[0].device, stacks[0].draws

    def step(
        self, batch: Sequence[Share], rates: Sequence[float], generators: Sequence[torch.Generator] | None
    ) -> Tensor:
        """One gradient step of each net."""

        def one(place: int, first: int, last: int) -> Tensor:
            share = batch[place]
            own = share.batches.batch(share.draws, share.start, share.stop)
            return self._stacks[place].step(own, rates[first:last], generators[first:last] if generators else None)

        return torch.cat(self._all(one))

    def evaluate(self) -> list[tuple[Evaluation, Evaluation]]:
        """Training and test set of each net."""
        found = self._all(lambda place, first, last: self._stacks[place].evaluate())
        return [evaluations for lane in found for evaluations in lane]

    def weights(self, index: int) -> dict[str, Tensor]:
        """Parameters and buffers of one net."""
        stack, place = self._of(index)
        return stack.weights(place)

    def optimiser_state(self, index: int) -> dict[str, Tensor]:
        """What its optimiser remembers."""
        stack, place = self._of(index)
        return stack.optimiser_state(place)

    def load(self, index: int, weights: dict[str, Tensor], optimiser_state: dict[str, Tensor]) -> None:
        """Put both back."""
        stack, place = self._of(index)
        stack.load(place, weights, optimiser_state)

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with these nets only, in increasing order; a lane without any is closed."""
        parts = _parts(indices, [len(stack) for stack in self._stacks])
        for stack, part in zip(self._stacks, parts, strict=True):
            stack.keep(part)
        self._stacks = [stack for stack, part in zip(self._stacks, parts, strict=True) if part]

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _all(self, one: Callable[[int, int, int], Result]) -> list[Result]:
        """What `one` gives for each lane (its number, its first net and the one after its last), all at once."""
        bounds, first = [], 0
        for place, stack in enumerate(self._stacks):
            bounds.append((place, first, first + len(stack)))
            first += len(stack)
        others: list[Future[Result]] = [self._threads.submit(one, *bound) for bound in bounds[1:]]
        try:
            mine = [one(*bound) for bound in bounds[:1]]
        finally:
            # Also where this lane has failed: nobody may still be at work on the nets then.
            results = [other.exception() for other in others]
        if failed := [error for error in results if error is not None]:
            raise failed[0]
        return mine + [other.result() for other in others]

    def _of(self, index: int) -> tuple[StackedNets, int]:
        for stack in self._stacks:
            if index < len(stack):
                return stack, index
            index -= len(stack)
        raise IndexError(index)


class LaneBatches:
    """`genlab.training.nets.Batches` over several stacks.

    Args:
        lanes: in the order of `LaneNets`.
    """

    def __init__(self, lanes: Sequence[StackedBatches]):
        self._lanes = list(lanes)

    def __len__(self) -> int:
        return len(self._lanes[0])

    def draw(self, orders: Sequence[torch.Generator], augmentations: Sequence[torch.Generator]) -> list[Any]:
        """The draws of an epoch, lane by lane."""
        draws, first = [], 0
        for lane in self._lanes:
            last = first + lane.nets
            draws.append(lane.draw(orders[first:last], augmentations[first:last]))
            first = last
        return draws

    def batch(self, draws: Sequence[Any], start: int, stop: int) -> list[Share]:
        """What each lane is to select."""
        return [Share(lane, own, start, stop) for lane, own in zip(self._lanes, draws, strict=True)]

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with these nets only, in increasing order."""
        parts = _parts(indices, [lane.nets for lane in self._lanes])
        for lane, part in zip(self._lanes, parts, strict=True):
            lane.keep(part)
        self._lanes = [lane for lane, part in zip(self._lanes, parts, strict=True) if part]


def shares(count: int, lanes: int) -> list[range]:
    """The nets of each lane: contiguous, and as equal in number as can be."""
    bounds = [count * lane // lanes for lane in range(lanes + 1)]
    return [range(first, last) for first, last in pairwise(bounds) if last > first]


def _parts(indices: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """Increasing numbers of nets as numbers within each lane."""
    parts, first = [], 0
    for size in sizes:
        parts.append([index - first for index in indices if first <= index < first + size])
        first += size
    return parts
