"""How time and memory of training nets side by side grow: `python -m tests.benchmarks.scaling`, or `make scaling`.

Perceptrons in one stack on one core. Each point is a process of its own; the points of an axis take turns, round after
round. Prints a table in Markdown with fitted exponents; writes all numbers as JSON, and a figure, where asked to.
"""

import argparse
import json
import sys
import textwrap
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genlab.config.schema import TrainConfig
from genlab.data.batches import batch_bounds
from genlab.data.dataset import Dataset
from genlab.data.normalisation import normalisation_of
from genlab.data.stacked import StackedDataset
from genlab.hardware.allocation import keep_freed_memory
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.training.execution import EVALUATION_BATCH
from genlab.training.together.stack import group_step, stacked
from tests.benchmarks.contests import Contest, Way, peak_memory_bytes, run
from tests.benchmarks.machine import load, machine
from tests.benchmarks.scaling_figure import draw

ROUND_SECONDS = 0.2
RATE = 0.01


@dataclass(frozen=True)
class Point:
    """Nets side by side.

    Attributes:
        nets: K.
        width: units of each hidden layer.
        depth: hidden layers.
        batch: images a step of each net.
        images: of the training set, 28x28 grey.
        dropout: after each hidden layer.
    """

    nets: int = 8
    width: int = 64
    depth: int = 2
    batch: int = 32
    images: int = 4096
    dropout: float = 0.0


@dataclass(frozen=True)
class Axis:
    """What grows, the others staying as they are.

    Attributes:
        key: the attribute of a point.
        values: rising.
        start: the others.
        name: for the table.
    """

    key: str
    values: tuple[int, ...]
    start: Point
    name: str

    def points(self) -> list[Point]:
        """One a value."""
        return [replace(self.start, **{self.key: value}) for value in self.values]


AXES = (
    Axis("nets", (1, 2, 4, 8, 16, 32, 64, 128, 256), Point(width=30), "nets K"),
    Axis("nets", (1, 2, 4, 8, 16, 32, 64), Point(width=30, dropout=0.5), "nets K, dropout drawn"),
    Axis("width", (16, 32, 64, 128, 256, 512, 1024), Point(), "width"),
    Axis("depth", (1, 2, 4, 8, 16, 32), Point(), "depth"),
    Axis("batch", (8, 16, 32, 64, 128, 256, 512), Point(), "batch"),
    Axis("images", (1024, 4096, 16384, 65536), Point(), "images n"),
)
QUICK = (Axis("nets", (1, 4, 16), Point(width=8, images=256), "nets K"),)


class Steps:
    """A round is as many steps as take a fifth of a second."""

    def __init__(self, point: Point, seconds: float):
        keep_freed_memory()
        before = peak_memory_bytes()
        model = {"name": "mlp", "widths": [point.width] * point.depth, "dropout": point.dropout}
        optimiser = {"name": "sgd", "learning_rate": RATE, "momentum": 0.9}
        training = {"optimiser": optimiser, "batch_size": point.batch, "stop": {"epochs": 1}}
        values = {"name": "scaling", "data": {"name": "mnist"}, "model": model, "training": training}
        config = TrainConfig.model_validate(values)
        data = made(point)
        models = [
            build_model(config.model, data.pool.input_shape, 10, generator=generator_for(seed, "init"))
            for seed in range(point.nets)
        ]
        settings = [group_step(config, EVALUATION_BATCH["cpu"])] * point.nets
        self.nets, self.batches = stacked(models, settings, data)
        self.point, self.place = point, 0
        self.draws = self.batches.draw(
            [generator_for(seed, "batches", 0) for seed in range(point.nets)],
            [generator_for(seed, "augmentation", 0) for seed in range(point.nets)],
        )
        self.bounds = batch_bounds(point.images, point.batch)
        self._steps(2)
        started = time.perf_counter()
        self._steps(2)
        steps = max(1, round(2 * seconds / (time.perf_counter() - started)))
        self.facts: dict[str, Any] = {"steps": steps, "before_bytes": before}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> None:
        """A round."""
        self._steps(self.facts["steps"])

    def _steps(self, number: int) -> None:
        rates = [RATE] * self.point.nets
        for _ in range(number):
            batch = self.batches.batch(self.draws, *self.bounds[self.place % len(self.bounds)])
            generators = None
            if self.nets.draws:
                generators = [generator_for(seed, "dropout", self.place) for seed in range(self.point.nets)]
            self.nets.step(batch, rates, generators)
            self.place += 1


def made(point: Point) -> StackedDataset:
    """Noise with random labels, the same for all nets."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (point.images, 28, 28, 1), dtype=torch.uint8, generator=generator)
    labels = torch.randint(10, (point.images,), generator=generator)
    names, normalisation = tuple("0123456789"), normalisation_of("dataset", images)
    pool = Dataset(images, labels, labels, images[:10], labels[:10], names, (1, 28, 28), normalisation)
    rows = torch.arange(point.images).expand(point.nets, -1)
    return StackedDataset(pool, rows, labels.expand(point.nets, -1), labels.expand(point.nets, -1))


@dataclass(frozen=True)
class Growth:
    """An axis as measured.

    Attributes:
        seconds: a step, of all nets together `[rounds, points]`.
        memory_bytes: the process at its peak `[points]`.
        before_bytes: the same before anything was built.
    """

    axis: Axis
    seconds: np.ndarray
    memory_bytes: np.ndarray
    before_bytes: np.ndarray

    def exponents(self) -> tuple[float, float, float]:
        """The slope of log time over log value, in the upper half of the values: its median over rounds, and range."""
        slopes = [slope(self.axis.values, one) for one in self.seconds]
        return float(np.median(slopes)), min(slopes), max(slopes)

    def memory_exponent(self) -> float:
        """The same of the memory that building and training have added."""
        return slope(self.axis.values, np.maximum(1, self.memory_bytes - self.before_bytes))

    def numbers(self) -> dict[str, Any]:
        """Everything, for a JSON file."""
        median, low, high = self.exponents()
        return {
            "axis": self.axis.name,
            "start": asdict(self.axis.start),
            "values": list(self.axis.values),
            "seconds_per_step": self.seconds.tolist(),
            "peak_memory_bytes": self.memory_bytes.tolist(),
            "memory_before_bytes": self.before_bytes.tolist(),
            "time_exponent": median,
            "time_exponent_range": [low, high],
            "memory_exponent": self.memory_exponent(),
        }


def slope(values: tuple[int, ...], measured: np.ndarray) -> float:
    """Least squares on logarithms over the upper half of the values, three at least; below, fixed cost hides it."""
    first = min(len(values) // 2, max(0, len(values) - 3))
    return float(np.polyfit(np.log(values[first:]), np.log(measured[first:]), 1)[0])


def grown(axis: Axis, rounds: int, seconds: float) -> Growth:
    """Measure an axis."""
    first, *others = (Way(str(getattr(p, axis.key)), Steps, (p, seconds)) for p in axis.points())
    found = run(Contest(axis.name, first, others, units=1), rounds, 1).values()
    return Growth(
        axis,
        np.array([[taken / one.facts["steps"] for taken in one.seconds] for one in found]).T,
        np.array([one.peak_memory_bytes for one in found]),
        np.array([one.facts["before_bytes"] for one in found]),
    )


def table(growths: list[Growth]) -> list[str]:
    """Markdown: a row a point, and a row an axis with its exponents."""
    lines = [
        "| what | value | ms a step: median (range) | us a net and step | added memory, MB |",
        "|---|---|---|---|---|",
    ]
    for growth in growths:
        added = (growth.memory_bytes - growth.before_bytes) / 1e6
        for index, point in enumerate(growth.axis.points()):
            times = 1e3 * growth.seconds[:, index]
            middle = float(np.median(times))
            time_cell = f"{middle:.3g} ({times.min():.3g} to {times.max():.3g})"
            value = getattr(point, growth.axis.key)
            lines.append(
                f"| {growth.axis.name} | {value} | {time_cell} | {1e3 * middle / point.nets:.3g} | {added[index]:.0f} |"
            )
    lines += ["", "| grows with | time: exponent (range of rounds) | memory: exponent |", "|---|---|---|"]
    for growth in growths:
        median, low, high = growth.exponents()
        exponent = f"{median:.2f} ({low:.2f} to {high:.2f})"
        lines.append(f"| {growth.axis.name} | {exponent} | {growth.memory_exponent():.2f} |")
    return lines


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scaling", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="of each point")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw them there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    before, started = load(), time.perf_counter()
    growths = []
    for axis in QUICK if options.quick else AXES:
        print(f"{time.perf_counter() - started:5.0f} s  {axis.name}", file=sys.stderr, flush=True)
        growths.append(grown(axis, options.rounds, 0.01 if options.quick else ROUND_SECONDS))
    on, after = machine(), load()
    head = (
        f"{on['processor']}, {on['cores']} cores, {on['capability']}, one of them used; torch {on['torch']}, Python "
        f"{on['python']}; load {before} before, {after} after; {options.rounds} rounds, points in turn. Axes start "
        f"from {asdict(Point())}, nets K from width 30. Exponents are of the upper half of the values."
    )
    print("\n".join([*textwrap.wrap(head, 120), "", *table(growths)]))
    if options.json:
        content = {"machine": on, "load": [before, after], "growths": [growth.numbers() for growth in growths]}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.figure:
        draw([growth.numbers() for growth in growths], options.figure)


if __name__ == "__main__":
    main()
