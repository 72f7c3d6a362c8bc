"""Sweeps of noise, and how often a rule holds of them: without an effect, and with one of two standard deviations."""

from collections.abc import Callable
from functools import partial

import numpy as np

from genlab.claims.crossings import crosses
from genlab.claims.finding import Finding
from genlab.claims.levels import level
from genlab.claims.pairs import Compared, Curve
from genlab.claims.trends import trend
from tests.claims.examples import SIZE, claim

DRAWS = 300
KINDS = ("higher", "increasing", "increasing_at_every_step", "ratio_between", "close_to", "crosses")
Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def held(kind: str, *, seeds: int, points: int = 1, cells: int = 1, effect: float = 0.0, draws: int = DRAWS) -> int:
    """How often a rule holds of runs whose spread is 1.

    Args:
        effect: what it looks for, in units of that spread: the difference of the groups, the rise along all points, the
            change of a difference along them; of ratio_between and close_to how far the limits lie from the truth,
            which at 0 lies at a limit.
    """
    generator = np.random.default_rng(7)
    sides = 2 if kind in ("higher", "ratio_between", "crosses") else 1
    judge, add = RULES[kind](effect, points, generator)
    count = 0
    for _ in range(draws):
        values = generator.normal(size=(sides, cells, seeds, points))
        values[0] += add
        count += judge(compared(values)).holds
    return count


def compared(values: Values) -> Compared:
    """What a claim compares, from numbers in [sides, cells, seeds, points]."""
    over = np.arange(values.shape[3], dtype=float)
    cells = {f"cell={i}": Curve(over, tuple(values[:, i])) for i in range(values.shape[1])}
    return Compared(tuple(map(str, range(values.shape[2]))), cells)


def _exponential(data: Compared) -> Compared:
    return Compared(data.seeds, {c: Curve(v.over, tuple(map(np.exp, v.sides))) for c, v in data.cells.items()})


Rule = tuple[Callable[[Compared], Finding], Values]


def _ordered(kind: str, effect: float, points: int, generator: np.random.Generator) -> Rule:
    return partial(level, claim(kind)), np.full(points, effect)


def _along(kind: str, effect: float, points: int, generator: np.random.Generator) -> Rule:
    return partial(trend, claim(kind, over=SIZE)), np.linspace(0, effect, points)


def _ratio(effect: float, points: int, generator: np.random.Generator) -> Rule:
    # The truth is a ratio of 1; the lower limit lies at it, or below it by the effect.
    one = claim("ratio_between", low=float(np.exp(-effect)), high=1e9)
    return lambda data: level(one, _exponential(data)), np.zeros(points)


def _close(effect: float, points: int, generator: np.random.Generator) -> Rule:
    tolerance = effect or 3.0
    return partial(level, claim("close_to", target=0.0, tolerance=tolerance)), np.full(points, 0.0 if effect else 3.0)


def _crossing(effect: float, points: int, generator: np.random.Generator) -> Rule:
    # Without an effect the true crossing lies at the lower limit, the first point; with one in the middle of them.
    one = claim("crosses", over=SIZE, low=0.0)
    ends = (-effect / 2, effect / 2) if effect else (0.0, 6.0)
    return lambda data: crosses(one, data, generator), np.linspace(*ends, points)


RULES: dict[str, Callable[[float, int, np.random.Generator], Rule]] = {
    "higher": partial(_ordered, "higher"),
    "increasing": partial(_along, "increasing"),
    "increasing_at_every_step": partial(_along, "increasing_at_every_step"),
    "ratio_between": _ratio,
    "close_to": _close,
    "crosses": _crossing,
}


def power_table() -> str:
    """How often each rule finds an effect of two standard deviations, as a table of a document."""
    seeds = (3, 5, 10)
    lines = [f"| rule | points | cells | {' | '.join(f'{n} seeds' for n in seeds)} |", "|---|---|---|---|---|---|"]
    for kind in KINDS:
        shapes = [(1, 1), (1, 4)] if kind in ("higher", "ratio_between", "close_to") else [(4, 1), (12, 1), (4, 4)]
        for points, cells in shapes:
            found = [held(kind, seeds=n, points=points, cells=cells, effect=2.0) / DRAWS for n in seeds]
            lines.append(f"| `{kind}` | {points} | {cells} | {' | '.join(f'{100 * part:.0f} %' for part in found)} |")
    return "\n".join(lines)
