"""Crosses: where a difference of two curves changes its sign."""

import math

import numpy as np

from genlab.claims.finding import Finding
from genlab.claims.pairs import Compared
from genlab.claims.rows import CannotTell, Floats, some
from genlab.config.schema.claim import CrossingClaim
from genlab.statistics.few_seeds import LEVEL, seed_mean
from genlab.statistics.resampling import bootstrap_interval


def crosses(claim: CrossingClaim, data: Compared, generator: np.random.Generator) -> Finding:
    """The place where the mean difference changes its sign, which must be within the limits in every cell.

    Noise changes its sign somewhere too, so the difference is also tested at both limits, or at the first and the last
    point where a limit is open: its signs there must be opposite, each by Student's t over seeds at 5 %. The interval
    of the place is a bootstrap over seeds, and decides nothing.
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
    chance = _chance(_at(over, per_seed, max(low, over[0])), _at(over, per_seed, min(high, over[-1])))
    reasons = []
    if not low <= place <= high:
        limits = [("at or after", claim.low), ("at or before", claim.high)]
        named = " and ".join(f"{side} {end:.4g}" for side, end in limits if end is not None)
        reasons.append(f"crossing {place:.4g} is not {named}")
    if against:
        reasons.append(f"against it: {some(against)}")
    points = not reasons
    if chance is None or chance > LEVEL:
        reasons.append("not shown: the signs at both ends are not told from chance by the seeds")
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


def _at(over: Floats, per_seed: Floats, place: float) -> Floats:
    """Each seed's difference at a place, on the straight line between two points, [seeds]."""
    return np.array([np.interp(place, over, curve) for curve in per_seed])


def _chance(first: Floats, last: Floats) -> float | None:
    """Of such opposite signs at two ends where one of them has the other sign, or none; None of a single seed."""
    if len(first) < 2:
        return None
    a, b = seed_mean(first), seed_mean(last)
    # Twice, since which of the two directions it is was not said before.
    return min(1.0, 2 * min(max(a.below(), b.above()), max(a.above(), b.below())))


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
