"""When a claim holds: a rule for each kind, an effect, and its interval over seeds."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from genlab.claims.pairs import Compared, compared
from genlab.claims.rows import CannotTell, Floats, Table, some
from genlab.claims.scatter import Scatter, scattered
from genlab.config.schema.claim import (
    Claim,
    CloseClaim,
    CorrelationClaim,
    CrossingClaim,
    OrderClaim,
    RatioClaim,
    TrendClaim,
)
from genlab.statistics.kendall import BlockSigns, kendall_tau_b
from genlab.statistics.resampling import Counts, Interval, bootstrap_interval, bootstrap_mean

# Differences below this part of the numbers themselves are rounding, not an effect.
ROUNDING = 1e-12
# The part of the resamples that may lack a statistic.
UNDEFINED = 0.05
_INTERVAL = "the whole 95 % bootstrap interval over seeds"
RULES = {
    "higher": "Holds when the difference a - b, averaged over seeds, is above 0 in every cell of the other axes, and "
    f"{_INTERVAL} of the mean difference is above 0.",
    "lower": "Holds when the difference a - b, averaged over seeds, is below 0 in every cell of the other axes, and "
    f"{_INTERVAL} of the mean difference is below 0.",
    "increasing": "Holds when the mean over seeds rises at every step, in every cell of the other axes, and "
    f"{_INTERVAL} of the change from the first to the last point is above 0.",
    "decreasing": "Holds when the mean over seeds falls at every step, in every cell of the other axes, and "
    f"{_INTERVAL} of the change from the first to the last point is below 0.",
    "ratio_between": "Holds when the geometric mean of the ratio a / b over seeds lies within the limits in every cell "
    f"of the other axes, and so does {_INTERVAL} of the overall geometric mean.",
    "close_to": "Holds when the mean over seeds is within the tolerance of the target in every cell of the other axes, "
    f"and so is {_INTERVAL} of the overall mean.",
    "correlates": "Holds when Kendall's tau-b over all runs of all seeds meets the limit, and so does "
    f"{_INTERVAL}, in which all runs of a seed are drawn together.",
    "crosses": "Holds when the mean over seeds of the difference a - b changes its sign within the limits, in every "
    f"cell of the other axes and on average, and {_INTERVAL} of the place is within them. The place is the first "
    "change at or after the lower limit, on the straight line between two points.",
}


@dataclass(frozen=True)
class Finding:
    """What the rows say of a claim.

    Attributes:
        holds: whether the rule is met, however few the seeds.
        effect: its size; None where there is none.
        effect_name: what it is.
        interval: 95 %, by bootstrap over seeds.
        n: rows or pairs of rows that were compared.
        seeds: how many of them.
        reason: what is against the claim and what was left out, or why nothing can be told.
        left_out: what was left out, alone.
    """

    holds: bool
    effect: float | None
    effect_name: str
    interval: tuple[float, float] | None
    n: int
    seeds: int
    reason: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Range:
    """Where the effect must lie, and that in words."""

    words: str
    holds: Callable[[float], bool]


def find(claim: Claim, table: Table, axes: Sequence[str]) -> Finding:
    """Apply the rule of the claim's kind; `RULES` says it in words.

    Raises:
        CannotTell: the rows cannot be compared at all.
    """
    if isinstance(claim, CorrelationClaim):
        return _correlates(claim, scattered(claim, table))
    data = compared(claim, table, axes)
    if isinstance(claim, TrendClaim):
        return _trend(claim, data)
    if isinstance(claim, CrossingClaim):
        return _crosses(claim, data)
    return _level(claim, data)


def generator_of(claim: Claim) -> np.random.Generator:
    """The draws of a claim's bootstrap, the same whenever it is checked and whatever else is."""
    digest = hashlib.sha256(f"genlab/claim/{claim.id}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _level(claim: OrderClaim | RatioClaim | CloseClaim, data: Compared) -> Finding:
    """Higher, lower, ratio_between and close_to: one number a cell and seed, whose mean lies in a range."""
    shown: Callable[[float], float] = float
    largest = max(float(np.abs(side).max()) for curve in data.cells.values() for side in curve.sides)
    if isinstance(claim, OrderClaim):
        name, sign = "difference", 1 if claim.kind == "higher" else -1
        within = _Range("above 0" if sign > 0 else "below 0", lambda v: sign * v > ROUNDING * largest)
        numbers = {cell: curve.sides[0][:, 0] - curve.sides[1][:, 0] for cell, curve in data.cells.items()}
    elif isinstance(claim, RatioClaim):
        name, shown = "ratio", math.exp
        within = _Range(f"between {claim.low:.4g} and {claim.high:.4g}", _between(claim.low, claim.high))
        bad = [cell or "them" for cell, curve in data.cells.items() if any((side <= 0).any() for side in curve.sides)]
        if bad:
            raise CannotTell(f"a ratio needs numbers above 0; not all are in {some(bad)}")
        numbers = {cell: np.log(curve.sides[0][:, 0] / curve.sides[1][:, 0]) for cell, curve in data.cells.items()}
    else:
        name = "difference from target"
        within = _Range(f"within {claim.tolerance:.4g} of the target", _between(-claim.tolerance, claim.tolerance))
        numbers = {cell: curve.sides[0][:, 0] - claim.target for cell, curve in data.cells.items()}
    means = {cell: shown(float(values.mean())) for cell, values in numbers.items()}
    against = [f"{cell} ({name} {mean:.4g})" for cell, mean in means.items() if cell and not within.holds(mean)]
    per_seed = np.mean(list(numbers.values()), axis=0)
    interval = _shown(bootstrap_mean(per_seed, generator=generator_of(claim)), shown)
    n = sum(values.size for values in numbers.values())
    return _finding(shown(float(per_seed.mean())), name, interval, within, against, data, n)


def _trend(claim: TrendClaim, data: Compared) -> Finding:
    """Increasing and decreasing: every step of the mean over seeds, and the change from end to end."""
    curves = {cell: curve for cell, curve in data.cells.items() if len(curve.over) > 1}
    if not curves:
        raise CannotTell(
            f"there is only one value of {claim.over} in a cell; a trend needs two, in rows that agree in all else"
        )
    sign, word = (1, "rise") if claim.kind == "increasing" else (-1, "fall")
    against, changes, parts = [], [], []
    for cell, curve in curves.items():
        values = curve.sides[0]
        slack = ROUNDING * float(np.abs(values).max())
        changes.append(values[:, -1] - values[:, 0])
        parts.append((sign * np.diff(values, axis=1) > slack).mean(axis=1))
        for i in np.flatnonzero(sign * np.diff(values.mean(axis=0)) <= slack):
            step = f"{claim.over} from {curve.over[i]:.4g} to {curve.over[i + 1]:.4g}"
            against.append(f"{step} in {cell}" if cell else step)
    per_seed = np.mean(changes, axis=0)
    interval = _shown(bootstrap_mean(per_seed, generator=generator_of(claim)), float)
    notes = [f"{np.mean(parts):.0%} of the single seeds' steps {word}"]
    if len(curves) < len(data.cells):
        notes.append(f"{len(data.cells) - len(curves)} of {len(data.cells)} cells have one point only")
    within = _Range("above 0" if sign > 0 else "below 0", lambda v: sign * v > 0)
    n = sum(curve.sides[0].size for curve in curves.values())
    return _finding(float(per_seed.mean()), "total change", interval, within, against, data, n, notes)


def _crosses(claim: CrossingClaim, data: Compared) -> Finding:
    """Crosses: where the mean difference changes its sign."""
    over = np.array(sorted(set.intersection(*(set(curve.over.tolist()) for curve in data.cells.values()))))
    if len(over) < 2:
        raise CannotTell(f"fewer than two values of {claim.over} are in every cell and seed")
    low = -math.inf if claim.low is None else claim.low
    high = math.inf if claim.high is None else claim.high
    gaps = {cell: curve.sides[0] - curve.sides[1] for cell, curve in data.cells.items()}
    places = {cell: crossing(data.cells[cell].over, gap.mean(axis=0)[None], low)[0] for cell, gap in gaps.items()}
    against = [
        f"{cell} ({'no change of sign' if math.isnan(place) else f'crossing at {place:.4g}'})"
        for cell, place in places.items()
        if cell and not low <= place <= high
    ]
    common = [gap[:, np.isin(data.cells[cell].over, over)] for cell, gap in gaps.items()]
    per_seed = np.mean(common, axis=0)
    place = float(crossing(over, per_seed.mean(axis=0)[None], low)[0])
    span = f"{over[0]:.4g} to {over[-1]:.4g}"
    seeds = len(data.seeds)
    n = sum(gap.size for gap in gaps.values())
    if math.isnan(place):
        where = span if low <= over[0] else f"{max(low, over[0]):.4g} to {over[-1]:.4g}"
        words = [f"the mean difference keeps its sign from {where}", *data.left_out]
        return Finding(False, None, "crossing", None, n, seeds, "; ".join(words), data.left_out)
    interval = bootstrap_interval(
        lambda counts: crossing(over, counts @ per_seed / seeds, low), seeds, generator=generator_of(claim)
    )
    if interval is not None and interval.undefined > UNDEFINED:
        against.append(f"{interval.undefined:.0%} of the resamples, without a change of sign")
    limits = [("at or after", claim.low), ("at or before", claim.high)]
    named = " and ".join(f"{side} {end:.4g}" for side, end in limits if end is not None)
    within = _Range(named, lambda v: low <= v <= high)
    return _finding(place, "crossing", _shown(interval, float), within, against, data, n)


def crossing(over: Floats, curves: Floats, low: float) -> Floats:
    """Where each curve first changes its sign at or after `low`; NaN where it does not.

    The place is on the straight line between two neighbours, or the first of the zeros between two signs. A curve that
    touches zero and turns back does not cross.

    Args:
        over: rising, [points].
        curves: [curves, points].
        low: changes before it do not count.
    """
    signs = np.sign(curves)
    points = np.arange(len(over))
    # At each point the last one at or before it where the curve is not zero; -1 where there is none.
    last = np.maximum.accumulate(np.where(signs != 0, points, -1), axis=1)
    before = last[:, :-1]
    sign_before = np.where(before >= 0, np.take_along_axis(signs, np.maximum(before, 0), axis=1), 0)
    changes = sign_before * signs[:, 1:] < 0
    left, right = curves[:, :-1], curves[:, 1:]
    part = np.divide(left, left - right, out=np.zeros_like(left), where=changes)
    on_the_line = over[:-1] + part * np.diff(over)
    first_zero = over[np.minimum(before + 1, len(over) - 1)]
    places = np.where(signs[:, :-1] == 0, first_zero, on_the_line)
    counted = np.where(changes & (places >= low), places, np.inf)
    found = counted.min(axis=1)
    return np.where(np.isfinite(found), found, np.nan)


def _correlates(claim: CorrelationClaim, data: Scatter) -> Finding:
    """Correlates: tau-b of all runs, its interval from seeds drawn with all their runs."""
    tau = kendall_tau_b(data.x, data.y)
    signs = BlockSigns.of(data.x, data.y, data.blocks)

    def resampled(counts: Counts) -> Floats:
        return signs.tau_b(counts)

    interval = bootstrap_interval(resampled, len(data.seeds), generator=generator_of(claim))
    if tau is None or interval is None or interval.undefined > UNDEFINED:
        often = "" if tau is None or interval is None else f" in {interval.undefined:.0%} of the resamples"
        raise CannotTell(
            "; ".join([f"{claim.column} or {claim.over} is constant{often}, so there is no rank", *data.left_out])
        )
    least, most = claim.at_least, claim.at_most
    within = (
        _Range(f"at least {least:.4g}", _between(least, 1))
        if least is not None
        else _Range(f"at most {most:.4g}", _between(-1, 1 if most is None else most))
    )
    n = len(data.x)
    return _finding(tau, "Kendall tau-b", _shown(interval, float), within, [], data, n)


def _finding(
    effect: float,
    name: str,
    interval: tuple[float, float] | None,
    within: _Range,
    against: Sequence[str],
    data: Compared | Scatter,
    n: int,
    notes: Sequence[str] = (),
) -> Finding:
    reasons = [f"against it: {some(against)}"] if against else []
    if not within.holds(effect):
        reasons.insert(0, f"{name} {effect:.4g} is not {within.words}")
    elif interval is None or not all(within.holds(end) for end in interval):
        ends = "has no ends" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g} is not all"
        reasons.insert(0, f"not shown: the interval {ends} {within.words}")
    words = "; ".join([*reasons, *notes, *data.left_out])
    return Finding(not reasons, effect, name, interval, n, len(data.seeds), words, data.left_out)


def _between(low: float, high: float) -> Callable[[float], bool]:
    slack = 1e-9 * max(abs(low), abs(high))  # 0.1525 - 0.1425 is a little more than 0.01
    return lambda value: low - slack <= value <= high + slack


def _shown(interval: Interval | None, shown: Callable[[float], float]) -> tuple[float, float] | None:
    return None if interval is None else (shown(interval.low), shown(interval.high))
