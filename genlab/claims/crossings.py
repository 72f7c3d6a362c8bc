"""Crosses: where a difference of two curves changes its sign."""

import math

import numpy as np

from genlab.claims.finding import Finding
from genlab.claims.pairs import Compared
from genlab.claims.rows import CannotTell, Floats, some
from genlab.claims.trends import rise
from genlab.config.schema.claim import CrossingClaim
from genlab.statistics.few_seeds import LEVEL, seed_mean
from genlab.statistics.resampling import bootstrap_interval

# The part of the resamples that may lack a crossing.
UNDEFINED = 0.05


def crosses(claim: CrossingClaim, data: Compared, generator: np.random.Generator) -> Finding:
    """The place where the mean difference changes its sign, which must be within the limits in every cell.

    Noise changes its sign somewhere too, so the difference must also be shown to change along the points: its straight
    line rises or falls, by Student's t over seeds at 5 % for both directions together.
    """
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
    per_seed = np.mean([gap[:, np.isin(data.cells[cell].over, over)] for cell, gap in gaps.items()], axis=0)
    place = float(crossing(over, per_seed.mean(axis=0)[None], low)[0])
    seeds, n = len(data.seeds), sum(gap.size for gap in gaps.values())
    if math.isnan(place):
        start = over[0] if low <= over[0] else max(low, over[0])
        words = [f"the mean difference keeps its sign from {start:.4g} to {over[-1]:.4g}", *data.left_out]
        # The largest chance and not none, as the claim was tested beside the others of its sweep.
        chance = 1.0 if seeds > 1 else None
        return Finding(False, None, "crossing", n, seeds, "; ".join(words), chance=chance, left_out=data.left_out)
    interval = bootstrap_interval(
        lambda counts: crossing(over, counts @ per_seed / seeds, low), seeds, confidence=0.9, generator=generator
    )
    chance = _chance(rise(per_seed))
    reasons = []
    if not low <= place <= high:
        limits = [("at or after", claim.low), ("at or before", claim.high)]
        named = " and ".join(f"{side} {end:.4g}" for side, end in limits if end is not None)
        reasons.append(f"crossing {place:.4g} is not {named}")
    if against:
        reasons.append(f"against it: {some(against)}")
    points = not reasons
    if interval is None or interval.undefined > UNDEFINED:
        often = "all" if interval is None else f"{interval.undefined:.0%}"
        reasons.append(f"not shown: {often} of the resamples have no change of sign")
    elif not (low <= interval.low and interval.high <= high):
        reasons.append(
            f"not shown: the interval {interval.low:.4g} to {interval.high:.4g} is not all within the limits"
        )
    if chance is None or chance > LEVEL:
        reasons.append("not shown: the difference does not change beyond the spread of the seeds")
    return Finding(
        not reasons,
        place,
        "crossing",
        n,
        seeds,
        "; ".join([*reasons, *data.left_out]),
        points=points,
        interval=None if interval is None else (interval.low, interval.high),
        chance=chance,
        left_out=data.left_out,
    )


def _chance(rises: Floats) -> float | None:
    if len(rises) < 2:
        return None
    found = seed_mean(rises)
    return min(1.0, 2 * min(found.above(), found.below()))


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
