"""Ways of doing work, timed in turn."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from genlab.training.benchmark.spread import Spread

ROUND_SECONDS = 0.05
FEWEST_ROUNDS = 3


def _nothing() -> None:
    """Nothing."""


@dataclass(frozen=True)
class Contender:
    """One way of doing the work: a net at some batch size, a stack of nets, an evaluation.

    Attributes:
        name: of the way.
        batch_size: images a step, of all nets together; the last step of an epoch may do fewer.
        flops_per_image: operations by the shapes of the layers.
        step: does one step and returns how many images that were.
        settle: comes before each round and is not timed.
    """

    name: str
    batch_size: int
    flops_per_image: float
    step: Callable[[], int]
    settle: Callable[[], object] = _nothing


@dataclass(frozen=True)
class Throughput:
    """How fast a contender was.

    Attributes:
        name: of the contender.
        batch_size: of the contender.
        images_per_second: over rounds.
        seconds_per_step: over rounds, each the mean of its steps.
        gflops_per_second: 10^9 operations a second at the median of images a second.
    """

    name: str
    batch_size: int
    images_per_second: Spread
    seconds_per_step: Spread
    gflops_per_second: float


def throughputs(
    contenders: Sequence[Contender], *, seconds: float, wait: Callable[[], object]
) -> tuple[Throughput, ...]:
    """Time all contenders in turn, round after round, so that other work on the machine falls on all of them alike.

    A round is as many steps as take 0.05 s, or one longer step. Each contender warms up with a round that does not
    count; at least three do.

    Args:
        seconds: of all rounds together; the round after which they have passed is the last.
        wait: returns when the device has done all that it was asked to do.
    """
    round_seconds = min(ROUND_SECONDS, seconds / (FEWEST_ROUNDS * len(contenders)))
    steps = [_steps_in(contender, round_seconds, wait) for contender in contenders]
    rates: list[list[float]] = [[] for _ in contenders]
    times: list[list[float]] = [[] for _ in contenders]
    began = time.perf_counter()
    while len(rates[0]) < FEWEST_ROUNDS or time.perf_counter() - began < seconds:
        for index, contender in enumerate(contenders):
            contender.settle()
            wait()
            started = time.perf_counter()
            images = sum(contender.step() for _ in range(steps[index]))
            wait()
            taken = time.perf_counter() - started
            rates[index].append(images / taken)
            times[index].append(taken / steps[index])
    return tuple(_throughput(*found) for found in zip(contenders, rates, times, strict=True))


def _throughput(contender: Contender, rates: list[float], times: list[float]) -> Throughput:
    images_per_second = Spread.of(rates)
    gflops = contender.flops_per_image * images_per_second.median / 1e9
    return Throughput(contender.name, contender.batch_size, images_per_second, Spread.of(times), gflops)


def _steps_in(contender: Contender, seconds: float, wait: Callable[[], object]) -> int:
    """How many steps take that long, one at least; the first one, which warms up, is not among them."""
    contender.settle()
    contender.step()
    wait()
    steps, started = 0, time.perf_counter()
    while steps == 0 or time.perf_counter() - started < seconds:
        contender.step()
        wait()
        steps += 1
    return steps
