"""Nets side by side against the same nets one after another: steps only, by what `genlab sweep` trains with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from genlab.config.schema import TrainConfig
from genlab.data.batches import TrainBatches, batch_bounds
from genlab.data.dataset import Dataset
from genlab.data.stacked import build_stacked_dataset
from genlab.hardware.allocation import keep_freed_memory
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.training.execution import EVALUATION_BATCH
from genlab.training.nets import Batches, Nets
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.single import SingleBatches, SingleNet
from genlab.training.together.fastest_group import Group, fastest_group
from genlab.training.together.stack import group_step, stacked
from tests.benchmarks.contests import Contest, Way, usable_cores
from tests.benchmarks.images import Images
from tests.benchmarks.pinned import OnEachCore
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.usual import LEARNING_RATE, MOMENTUM

BATCH = EVALUATION_BATCH["cpu"]
VGG = {"name": "vgg", "width_multiplier": 1 / 16}
# Which nets are tried, how many images a batch has, and how many steps a net takes in a round as multiples of the size.
MLPS = (((30, 30), 32, 8), ((64, 64), 64, 4), ((512, 512), 64, 2))


@dataclass(frozen=True)
class Cells:
    """Nets that differ in their seed.

    Attributes:
        model: the model section of their config.
        seeds: one a net.
    """

    images: Images
    model: dict[str, Any]
    batch_size: int
    seeds: range

    def configs(self) -> list[TrainConfig]:
        """One a net."""
        optimiser = {"name": "sgd", "learning_rate": LEARNING_RATE, "momentum": MOMENTUM}
        training = {"optimiser": optimiser, "batch_size": self.batch_size, "stop": {"epochs": 1}}
        values = {"name": "cell", "data": self.images.config, "model": self.model, "training": training}
        return [TrainConfig.model_validate(values | {"seed": seed}) for seed in self.seeds]

    def share(self, part: int, parts: int) -> "Cells":
        """The nets of one of several processes."""
        return replace(self, seeds=self.seeds[part::parts])


@dataclass
class Trained:
    """Some nets that take their steps at once, their batches, and an epoch's draws."""

    nets: Nets
    batches: Batches[Any]
    draws: Any
    count: int

    def steps(self, first: int, number: int, bounds: Sequence[tuple[int, int]]) -> None:
        """Some steps from a position in the epoch."""
        rates = [LEARNING_RATE] * self.count
        for begin, end in bounds[first : first + number]:
            self.nets.step(self.batches.batch(self.draws, begin, end), rates, None)
        self.nets.losses()  # which waits for the lanes


class Steps:
    """A round takes so many steps with each of the nets.

    Args:
        steps: of each net in a round.
        how: each net on its own, as many together and in as many lanes as `genlab sweep` would choose, or as told.
        threads: that the group may take.
    """

    def __init__(self, cells: Cells, steps: int, how: Literal["alone", "chosen"] | Group, threads: int = 1):
        keep_freed_memory()
        configs, dataset = cells.configs(), cells.images.dataset()
        models = [_model(config, dataset) for config in configs]
        if isinstance(how, Group):
            group = how
        elif how == "alone":
            group = Group(1)
        else:
            group = fastest_group(group_step(configs[0], BATCH), dataset, models[0], len(models), threads=threads)
        torch.set_num_threads(1)
        self.group, self.facts = group, dict[str, Any]()
        self.trained = list(
            _alone(models, configs, dataset) if group.size == 1 else _groups(models, configs, cells, group)
        )
        self.bounds = batch_bounds(len(dataset.train_images), cells.batch_size)
        self.number, self.first = steps, 0
        assert len(self.bounds) > 2 * steps, "too few images for a round"

    def settle(self) -> None:
        """Go on in the epoch, or begin it anew."""
        self.first = self.first + self.number if self.first + 2 * self.number < len(self.bounds) else 0

    def work(self) -> str:
        """A round; how the nets are together."""
        for one in self.trained:
            one.steps(self.first, self.number, self.bounds)
        if self.group.size == 1:
            return "each alone"
        return f"{self.group.size} together in {self.group.lanes} {'lane' if self.group.lanes == 1 else 'lanes'}"


def together_contests(mnist: Images, cifar: Images, sizes: Sizes) -> Iterator[Contest]:
    """Perceptrons of three sizes, and a small VGG, which a CPU is to train one by one."""
    for widths, batch_size, factor in MLPS:
        count = sizes.nets if max(widths) < sizes.wide else sizes.wide_nets
        model = {"name": "mlp", "widths": widths}
        title = f"{count} nets {'-'.join(map(str, (784, *widths, 10)))}"
        cells = Cells(mnist, model, batch_size, range(count))
        yield _contest(title, cells, factor * sizes.net_steps, Group(count), "one stack, one thread")
    cells = Cells(cifar, VGG, 32, range(sizes.wide_nets))
    yield _contest(
        f"{sizes.wide_nets} VGG-11 width 1/16", cells, sizes.net_steps, Group(sizes.wide_nets), "forced together"
    )


def _contest(title: str, cells: Cells, steps: int, forced: Group, forced_name: str) -> Contest:
    cores = usable_cores()
    parts = [cells.share(part, cores) for part in range(cores)]
    others = [
        Way("a process a core", OnEachCore, (Steps, [(part, steps, "alone") for part in parts])),
        Way(forced_name, Steps, (cells, steps, forced)),
        Way("as chosen", Steps, (cells, steps, "chosen", cores)),
        Way("as chosen, process a core", OnEachCore, (Steps, [(part, steps, "chosen") for part in parts])),
    ]
    return Contest(
        title,
        Way("usual", Steps, (cells, steps, "alone")),
        others,
        units=steps * len(cells.seeds),
        unit="step",
        batch=cells.batch_size,
        compare=lambda usual, other: str(other),
    )


def _model(config: TrainConfig, dataset: Dataset) -> nn.Module:
    model = build_model(
        config.model, dataset.input_shape, dataset.classes, generator=generator_for(config.seed, "init")
    )
    return model.to(memory_format=torch.channels_last)


def _alone(models: Sequence[nn.Module], configs: Sequence[TrainConfig], dataset: Dataset) -> Iterator[Trained]:
    batches = SingleBatches(TrainBatches(dataset))
    for model, config in zip(models, configs, strict=True):
        optimiser = build_optimiser(model.parameters(), **config.training.optimiser.model_dump())
        net = SingleNet(model, optimiser, dataset, evaluation_batch=BATCH, bfloat16=False)
        yield Trained(net, batches, batches.draw(*_generators([config])), 1)


def _groups(
    models: Sequence[nn.Module], configs: Sequence[TrainConfig], cells: Cells, group: Group
) -> Iterator[Trained]:
    for start in range(0, len(models), group.size):
        own = slice(start, start + group.size)
        seeds = [config.seed for config in configs[own]]
        data = build_stacked_dataset([c.data for c in configs[own]], seeds, data_dir=cells.images.data_dir)
        nets, batches = stacked(models[own], [group_step(c, BATCH) for c in configs[own]], data, lanes=group.lanes)
        yield Trained(nets, batches, batches.draw(*_generators(configs[own])), len(seeds))


def _generators(configs: Sequence[TrainConfig]) -> tuple[list[torch.Generator], list[torch.Generator]]:
    return (
        [generator_for(config.seed, "batches", 0) for config in configs],
        [generator_for(config.seed, "augmentation", 0) for config in configs],
    )
