"""Where the time of a training step goes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from genlab.training.benchmark.contenders import FEWEST_ROUNDS, ROUND_SECONDS
from genlab.training.benchmark.spread import Spread
from genlab.training.benchmark.workload import TrainingSteps, Workload
from genlab.training.net import Parameters

PARTS = ("batch", "forward", "backward", "update", "rest")
WARMING_UP = 2


@dataclass(frozen=True)
class StepPart:
    """One part of a training step.

    Attributes:
        name: batch (drawing an epoch's order, choosing, augmenting and normalising images), forward, backward (with
            the loss), update (of the weights by the optimiser) or rest (learning rate, generators, clearing gradients).
        seconds: over steps.
        share: of the time of all steps, in [0, 1]; the shares add up to 1.
    """

    name: str
    seconds: Spread
    share: float


def step_parts(workload: Workload, *, seconds: float, wait: Callable[[], object]) -> tuple[StepPart, ...]:
    """Time the parts of whole training steps, made by the functions that train, for some seconds.

    Args:
        wait: returns when the device has done all that it was asked to do. It is called between all parts, so that on
            a GPU they take longer together than a step in which nothing waits.
    """
    clock = _Clock(wait)

    def forward(parameters: Parameters, images: Tensor, generator: torch.Generator | None) -> Tensor:
        clock.end("rest")
        logits = workload.net.forward(parameters, images, generator)
        clock.end("forward")
        return logits

    def before_update(*arguments: Any) -> None:
        clock.end("backward")

    def after_update(*arguments: Any) -> None:
        clock.end("update")

    step = TrainingSteps(workload, workload.batch_size, net=replace(workload.net, forward=forward), mark=clock.end)
    hooks = [
        workload.optimiser.register_step_pre_hook(before_update),
        workload.optimiser.register_step_post_hook(after_update),
    ]
    try:
        taken = _timed_steps(workload, step, clock, seconds)
    finally:
        for hook in hooks:
            hook.remove()
    whole = sum(sum(one.values()) for one in taken)
    columns = {part: [one[part] for one in taken] for part in PARTS}
    return tuple(StepPart(part, Spread.of(times), sum(times) / whole) for part, times in columns.items())


def _timed_steps(workload: Workload, step: TrainingSteps, clock: "_Clock", seconds: float) -> list[dict[str, float]]:
    workload.reset()
    for _ in range(WARMING_UP):
        clock.begin()
        step()
    taken: list[dict[str, float]] = []
    began = reset = time.perf_counter()
    while len(taken) < FEWEST_ROUNDS or time.perf_counter() - began < seconds:
        if time.perf_counter() - reset > ROUND_SECONDS:
            workload.reset()
            reset = time.perf_counter()
        clock.begin()
        step()
        taken.append(clock.spent)
    return taken


class _Clock:
    """Adds up the seconds of each part of one step."""

    def __init__(self, wait: Callable[[], object]):
        self._wait = wait

    def begin(self) -> None:
        """A step begins."""
        self._wait()
        self.spent = dict.fromkeys(PARTS, 0.0)
        self._last = time.perf_counter()

    def end(self, part: str) -> None:
        """A part ends, which began where the one before ended."""
        self._wait()
        now = time.perf_counter()
        self.spent[part] += now - self._last
        self._last = now
