"""Higher, lower, ratio_between and close_to: one number a cell and seed, whose mean lies in a range."""

import math
from collections.abc import Callable

import numpy as np

from genlab.claims.finding import Finding, Range, found_in
from genlab.claims.pairs import Compared
from genlab.claims.rows import CannotTell, Floats, some
from genlab.claims.units import Unit, unit_of, worded
from genlab.config.schema.claim import CloseClaim, OrderClaim, RatioClaim
from genlab.statistics.few_seeds import ROUNDING, seed_mean


def level(claim: OrderClaim | RatioClaim | CloseClaim, data: Compared) -> Finding:
    """The mean over seeds, each of which counts with its mean over the cells of the other axes.

    Where a range has two ends each cell's mean must lie in it too, since an average within it says little of its parts.
    """
    name, within, numbers = _numbers(claim, data)
    means = {cell: float(values.mean()) for cell, values in numbers.items()}
    beyond = [f"{cell} ({name} {within.worded(m)})" for cell, m in means.items() if cell and not within.holds(m)]
    per_seed = np.mean(list(numbers.values()), axis=0)
    ordered = isinstance(claim, OrderClaim)
    return found_in(
        within,
        float(per_seed.mean()),
        seed_mean(per_seed) if len(per_seed) > 1 else None,
        name=name,
        n=sum(values.size for values in numbers.values()),
        seeds=len(data.seeds),
        looks=ordered,
        against=[] if ordered else beyond,
        notes=[f"the other way round in {some(beyond)}"] if ordered and beyond else [],
        left_out=data.left_out,
    )


def _numbers(claim: OrderClaim | RatioClaim | CloseClaim, data: Compared) -> tuple[str, Range, dict[str, Floats]]:
    """What the number is called, where it must lie, and it by cell, [seeds]."""
    shown: Callable[[float], float] = float
    if isinstance(claim, OrderClaim):
        largest = max(float(np.abs(side).max()) for curve in data.cells.values() for side in curve.sides)
        numbers = {cell: curve.sides[0][:, 0] - curve.sides[1][:, 0] for cell, curve in data.cells.items()}
        return "difference", beyond_zero(1 if claim.kind == "higher" else -1, largest, unit_of(claim)), numbers
    if isinstance(claim, CloseClaim):
        end = claim.tolerance
        unit = unit_of(claim)
        within = Range(f"within {worded(end, unit=unit)} of the target", -end, end, _slack(end), unit=unit)
        return (
            "difference from target",
            within,
            {cell: curve.sides[0][:, 0] - claim.target for cell, curve in data.cells.items()},
        )
    bad = [cell or "them" for cell, curve in data.cells.items() if any((side <= 0).any() for side in curve.sides)]
    if bad:
        raise CannotTell(f"a ratio needs numbers above 0; not all are in {some(bad)}")
    low, high = (math.log(end) if end > 0 else -math.inf for end in (claim.low, claim.high))
    shown = math.exp
    words = f"between {claim.low:.4g} and {claim.high:.4g}"
    numbers = {cell: np.log(curve.sides[0][:, 0] / curve.sides[1][:, 0]) for cell, curve in data.cells.items()}
    return "ratio", Range(words, low, high, _slack(max(abs(low) if low > -math.inf else 0, abs(high))), shown), numbers


def beyond_zero(sign: int, largest: float, unit: Unit) -> Range:
    """Above or below 0 by more than the rounding of numbers of a size."""
    words, low, high = ("above 0", 0.0, math.inf) if sign > 0 else ("below 0", -math.inf, 0.0)
    return Range(words, low, high, -ROUNDING * largest, unit=unit)


def _slack(end: float) -> float:
    return 1e-9 * end  # 0.1525 - 0.1425 is a little more than 0.01
