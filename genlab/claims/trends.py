"""Increasing and decreasing: the straight line through the points of each seed, or every step of their mean."""

from collections.abc import Iterable

import numpy as np
from scipy import special

from genlab.claims.finding import Finding, found_in
from genlab.claims.levels import beyond_zero
from genlab.claims.pairs import Compared, Curve
from genlab.claims.rows import CannotTell, Floats
from genlab.claims.units import unit_of
from genlab.config.schema.claim import TrendClaim
from genlab.statistics.few_seeds import LEVEL, POWER, ROUNDING, seed_mean


def trend(claim: TrendClaim, data: Compared) -> Finding:
    """The rise of a straight line along all points, which count as equally far apart, as the mean over seeds.

    So no choice of axis (of logarithms or not) decides, and the more points there are the surer the rise. A step of
    the mean over seeds that goes the other way by more than the seeds' own spread speaks against the claim: a valley is
    no rise. At every step each step's mean must go the way too.
    """
    curves = {cell: curve for cell, curve in data.cells.items() if len(curve.over) > 1}
    if not curves:
        raise CannotTell(
            f"there is only one value of {claim.over} in a cell; a trend needs two, in rows that agree in all else"
        )
    sign, word = (1, "rise") if claim.kind.startswith("increasing") else (-1, "fall")
    strict = claim.kind.endswith("at_every_step")
    against, rises, parts = [], [], []
    level = LEVEL / sum(len(curve.over) - 1 for curve in curves.values())
    for cell, curve in curves.items():
        values = _values(curve)
        rises.append(rise(values))
        slack = ROUNDING * max(float(np.abs(side).max()) for side in curve.sides)
        parts.append((sign * np.diff(values, axis=1) > slack).mean(axis=1))
        for i in np.flatnonzero(_against(sign * np.diff(values, axis=1), slack, None if strict else level)):
            step = f"{claim.over} from {curve.over[i]:.4g} to {curve.over[i + 1]:.4g}"
            against.append(f"{step} in {cell}" if cell else step)
    per_seed = np.mean(rises, axis=0)
    notes = [f"{np.mean(parts):.0%} of the single seeds' steps {word}"]
    if len(curves) < len(data.cells):
        notes.append(f"{len(data.cells) - len(curves)} of {len(data.cells)} cells have one point only")
    largest = max(float(np.abs(side).max()) for curve in curves.values() for side in curve.sides)
    return found_in(
        beyond_zero(sign, largest, unit_of(claim)),
        float(per_seed.mean()),
        seed_mean(per_seed) if len(per_seed) > 1 else None,
        name="total change",
        n=sum(curve.sides[0].size for curve in curves.values()),
        seeds=len(data.seeds),
        smallest=smallest_of_steps(curves.values()) if strict else None,
        looks=True,
        against=against,
        notes=notes,
        left_out=data.left_out,
    )


def smallest_of_steps(curves: Iterable[Curve]) -> float | None:
    """The total change, in equal steps, of which the mean over seeds goes the way at every step in 4 of 5 repeats.

    By the normal distribution: each of the m steps of all cells must go the way with a chance of 0.8^(1/m), as if they
    were independent, though neighbours share a point and hinder each other. None where there is one seed.
    """
    values = [_values(curve) for curve in curves]
    seeds, points = len(values[0]), max(found.shape[1] for found in values)
    if seeds < 2:
        return None
    errors = np.concatenate([np.diff(found, axis=1).std(axis=0, ddof=1) for found in values]) / np.sqrt(seeds)
    each = float(np.sqrt((errors**2).mean()))
    return (points - 1) * float(special.ndtri(POWER ** (1 / len(errors)))) * each


def rise(values: Floats) -> Floats:
    """How far the least-squares line through equally spaced points rises from the first to the last one, [seeds].

    Args:
        values: [seeds, points], two points or more.
    """
    points = values.shape[1]
    places = np.arange(points) - (points - 1) / 2
    slope: Floats = values @ places / (places @ places) * (points - 1)
    return slope


def _values(curve: Curve) -> Floats:
    return curve.sides[0] if len(curve.sides) == 1 else curve.sides[0] - curve.sides[1]


def _against(steps: Floats, slack: float, level: float | None) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which steps of the mean go the wrong way: by more than noise at a level, or at all where that is None.

    Args:
        steps: above 0 where a seed's step goes the way, [seeds, steps].
        slack: what counts as rounding.
    """
    means = steps.mean(axis=0)
    wrong: np.ndarray[tuple[int], np.dtype[np.bool_]] = means <= slack
    if level is None:
        return wrong
    seeds = len(steps)
    if seeds < 2:
        return np.zeros_like(wrong)
    errors = steps.std(axis=0, ddof=1) / np.sqrt(seeds)
    return (means < -slack) & (means + special.stdtrit(seeds - 1, 1 - level) * errors < -slack)
