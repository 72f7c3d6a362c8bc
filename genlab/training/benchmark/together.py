"""How much faster many nets of a config train side by side than one after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from genlab.data.batches import batch_bounds
from genlab.data.stacked import StackedDataset
from genlab.randomness import generator_for
from genlab.training.benchmark.contenders import Contender, Throughput, throughputs
from genlab.training.benchmark.workload import TrainingSteps, Workload
from genlab.training.together.fastest_group import Group, fastest_group
from genlab.training.together.grouping import group_key, nets_that_fit
from genlab.training.together.stack import group_step, stacked

MOST = 64


@dataclass(frozen=True)
class Together:
    """The fastest number of nets up to 64 against one, as `genlab sweep --group auto` chooses it.

    Attributes:
        size: how many nets train together; 1 where one after the other is as fast, or they cannot.
        lanes: in how many threads.
        throughput: of all of them; None where they train one after the other.
        times_one: images a second of all together over those of one net, side by side in one measurement; 1 where they
            train one after the other.
    """

    size: int = 1
    lanes: int = 1
    throughput: Throughput | None = None
    times_one: float = 1.0


def nets_together(work: Workload, flops_per_image: float, *, seconds: float, wait: Callable[[], object]) -> Together:
    """Choose how many to train together, and time them against the workload's net."""
    config = work.config
    if group_key(config) is None:
        return Together()
    step = group_step(config, work.choices.evaluation_batch)
    most = nets_that_fit(step, work.dataset, work.model, device=work.device)
    threads = torch.get_num_threads()
    try:
        group = fastest_group(
            step,
            work.dataset,
            work.model,
            min(most, MOST),
            threads=None if config.execution.threads == "auto" else config.execution.threads,
        )
        torch.set_num_threads(threads)
        if group.size < 2:
            return Together()
        steps = _GroupSteps(work, group)

        def both_wait() -> None:
            steps.wait()
            wait()

        try:
            contenders = [
                Contender(
                    "training", work.batch_size, flops_per_image, TrainingSteps(work, work.batch_size), work.reset
                ),
                Contender("together", group.size * work.batch_size, flops_per_image, steps),
            ]
            one, all_of_them = throughputs(contenders, seconds=seconds, wait=both_wait)
        finally:
            steps.close()
    finally:
        torch.set_num_threads(threads)
    times = all_of_them.images_per_second.median / one.images_per_second.median
    return Together(group.size, group.lanes, all_of_them, times)


class _GroupSteps:
    """Steps of copies of the workload's net with batches of their own, from the first epoch on."""

    def __init__(self, work: Workload, group: Group):
        count, device = len(work.dataset.train_images), work.device
        rows = torch.arange(count, device=device).expand(group.size, -1)
        labels, true = work.dataset.train_labels, work.dataset.true_labels
        data = StackedDataset(work.dataset, rows, labels.expand(group.size, -1), true.expand(group.size, -1))
        self._work, self._group = work, group
        step = group_step(work.config, work.choices.evaluation_batch)
        self._nets, self._batches = stacked([work.model] * group.size, [step] * group.size, data, lanes=group.lanes)
        self._bounds, self._done = batch_bounds(count, work.batch_size), 0

    def __call__(self) -> int:
        """Ask for one step of each net; the number of images of all."""
        epoch, position = divmod(self._done, len(self._bounds))
        if position == 0:
            self._draws: Any = self._batches.draw(
                [generator_for(seed, "batches", epoch) for seed in range(self._group.size)],
                [generator_for(seed, "augmentation", epoch) for seed in range(self._group.size)],
            )
        begin, end = self._bounds[position]
        rate = self._work.config.gradient.optimiser.learning_rate
        dropout = None
        if self._nets.draws:
            device = self._work.device
            dropout = [generator_for(seed, "dropout", self._done, device=device) for seed in range(self._group.size)]
        self._nets.step(self._batches.batch(self._draws, begin, end), [rate] * self._group.size, dropout)
        self._done += 1
        return self._group.size * (end - begin)

    def wait(self) -> None:
        """Until all steps asked for are done."""
        self._nets.finite()

    def close(self) -> None:
        """End the threads."""
        self._nets.close()
