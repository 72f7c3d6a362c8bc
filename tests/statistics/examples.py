"""Made-up zoos: a grid of settings, seeds, targets and measures with ties and holes."""

import itertools

import numpy as np

from genlab.statistics.table import Zoo
from tests.references.granulated import Row


def zoo(rng: np.random.Generator, shape=(2, 3, 2), seeds=3, *, ties=False, holes=0.0, runs=1.0) -> Zoo:
    """A zoo with the measures `noisy`, which follows the target, and `settings`, which knows its first axis only."""
    grid = np.array(list(itertools.product(*map(range, shape))))
    settings, numbers = np.repeat(grid, seeds, axis=0), np.tile(np.arange(seeds), len(grid))
    kept = rng.random(len(settings)) < runs
    settings, numbers = settings[kept], numbers[kept]
    values = settings @ rng.normal(size=len(shape)) * 0.03 + rng.normal(size=len(settings)) * 0.02
    noisy = values + rng.normal(size=len(values)) * 0.06
    if ties:
        values, noisy = values.round(2), noisy.round(2)
    noisy[rng.random(len(noisy)) < holes] = np.nan
    names = tuple(f"axis{i}" for i in range(len(shape)))
    measures = {"noisy": noisy, "settings": settings[:, 0].astype(float)}
    return Zoo("gap", values, names, settings, numbers, measures)


def rows(found: Zoo, measure: str = "noisy") -> list[Row]:
    """The runs one by one, as the slow twins take them."""
    return [
        (tuple(int(s) for s in settings), int(seed), None if np.isnan(x) else float(x), float(y))
        for settings, seed, x, y in zip(found.settings, found.seeds, found.measures[measure], found.values, strict=True)
    ]


# What is drawn from the grid: complete, with ties, with values missing, and with runs missing.
KINDS = {
    "complete": {},
    "tied": {"ties": True},
    "with holes": {"holes": 0.2},
    "incomplete": {"runs": 0.7, "ties": True},
    "one seed": {"seeds": 1},
    "two axes": {"shape": (3, 2)},
}
