"""Stacks of nets side by side on the cores of a CPU, each in a thread of its own.

Threads within an operation gain little where operations are as short as those of small nets, and a stack that a core
keeps in its cache is faster than a larger one. Python's lock is free while an operation runs.
"""

import functools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from genlab.data.stacked import StackedBatches
from genlab.training.evaluate import Evaluation
from genlab.training.together.stacked_nets import StackedNets

Result = TypeVar("Result")
# So far may a lane be behind: enough that none waits for another, few enough that a stop is soon obeyed.
STEPS_AHEAD = 4


class Share(NamedTuple):
    """What one lane is to train on in a step; selected by the lane itself."""

    batches: StackedBatches
    draws: Any
    start: int
    stop: int


class LaneNets:
    """`genlab.training.nets.Nets` over several stacks, which take their steps without waiting for each other.

    Args:
        stacks: in the order of their nets.
    """

    def __init__(self, stacks: Sequence[StackedNets]):
        self._lanes = [_Lane(stack, ThreadPoolExecutor(1, "lane") if len(stacks) > 1 else None) for stack in stacks]
        self.device, self.draws = stacks[0].device, stacks[0].draws

    def step(
        self, batch: Sequence[Share], rates: Sequence[float], generators: Sequence[torch.Generator] | None
    ) -> None:
        """One gradient step of each net. A lane may be a few steps behind on return, and does them in their order."""
        first = 0
        for lane, share in zip(self._lanes, batch, strict=True):
            last = first + len(lane.stack)
            lane.step(share, rates[first:last], generators[first:last] if generators else None)
            first = last

    def losses(self) -> Tensor:
        """The loss of each net in the last step."""
        return torch.cat(self._all(StackedNets.losses))

    def finite(self) -> list[bool]:
        """Whether all losses of each net were finite."""
        return _joined(self._all(StackedNets.finite))

    def evaluate(self) -> list[tuple[Evaluation, Evaluation]]:
        """Training and test set of each net."""
        return _joined(self._all(StackedNets.evaluate))

    def weights(self, index: int) -> dict[str, Tensor]:
        """Parameters and buffers of one net."""
        lane, place = self._of(index)
        return lane.do(lambda: lane.stack.weights(place))

    def optimiser_state(self, index: int) -> dict[str, Tensor]:
        """What its optimiser remembers."""
        lane, place = self._of(index)
        return lane.do(lambda: lane.stack.optimiser_state(place))

    def load(self, index: int, weights: Mapping[str, Tensor], optimiser_state: Mapping[str, Tensor]) -> None:
        """Put both back."""
        lane, place = self._of(index)
        lane.do(lambda: lane.stack.load(place, weights, optimiser_state))

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with these nets only, in increasing order; a lane without any is closed."""
        parts = _parts(indices, [len(lane.stack) for lane in self._lanes])
        for lane, part in zip(self._lanes, parts, strict=True):
            lane.do(functools.partial(lane.stack.keep, part))
            if not part:
                lane.close()
        self._lanes = [lane for lane, part in zip(self._lanes, parts, strict=True) if part]

    def close(self) -> None:
        """End the threads, once they have done what was asked of them."""
        for lane in self._lanes:
            lane.close()

    def _all(self, one: Callable[[StackedNets], Result]) -> list[Result]:
        """What `one` gives for each stack, all at once."""
        for lane in self._lanes:
            lane.wait()
        return [future.result() for future in [lane.submit(functools.partial(one, lane.stack)) for lane in self._lanes]]

    def _of(self, index: int) -> tuple["_Lane", int]:
        for lane in self._lanes:
            if index < len(lane.stack):
                return lane, index
            index -= len(lane.stack)
        raise IndexError(index)


class _Lane:
    """A stack and the thread that does what is asked of it, in order; without one it is done at once."""

    def __init__(self, stack: StackedNets, thread: ThreadPoolExecutor | None):
        self.stack, self._thread = stack, thread
        self._ahead: deque[Future[None]] = deque()

    def step(self, share: Share, rates: Sequence[float], generators: Sequence[torch.Generator] | None) -> None:
        """Ask for a step; waits while more than a few are open, and raises what a step has raised."""

        def one() -> None:
            self.stack.step(share.batches.batch(share.draws, share.start, share.stop), rates, generators)

        self._ahead.append(self.submit(one))
        if len(self._ahead) > STEPS_AHEAD or self._thread is None:
            self._ahead.popleft().result()

    def wait(self) -> None:
        """Wait for all steps, and raise what one has raised."""
        while self._ahead:
            self._ahead.popleft().result()

    def do(self, what: Callable[[], Result]) -> Result:
        """What something gives that is done after all steps."""
        self.wait()
        return self.submit(what).result()

    def submit(self, what: Callable[[], Result]) -> Future[Result]:
        """Ask for something, to be done after all that was asked for before."""
        if self._thread is not None:
            return self._thread.submit(what)
        done: Future[Result] = Future()
        done.set_result(what())
        return done

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown()


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


def _joined(lists: Sequence[list[Result]]) -> list[Result]:
    return [item for one in lists for item in one]
