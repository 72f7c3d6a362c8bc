"""When a claim holds: a rule for each kind."""

import hashlib
from collections.abc import Sequence

import numpy as np

from genlab.claims.crossings import crosses
from genlab.claims.finding import Finding
from genlab.claims.levels import level
from genlab.claims.pairs import compared
from genlab.claims.relations import related
from genlab.claims.rows import Table
from genlab.claims.scatter import scattered
from genlab.claims.trends import trend
from genlab.config.schema.claim import Claim, CorrelationClaim, CrossingClaim, TrendClaim

_T = "by Student's t over seeds at 5 %"
_ENDS = "is shown to be within the limits (the whole 90 % interval is, by Student's t over seeds)"
RULES = {
    "higher": f"Holds when the difference a - b, averaged over the cells of the other axes, is above 0 {_T}.",
    "lower": f"Holds when the difference a - b, averaged over the cells of the other axes, is below 0 {_T}.",
    "increasing": "Holds when the straight line through the points, which count as equally far apart, rises, averaged "
    f"over the cells of the other axes, {_T}, and no step of the mean over seeds falls by more than its own spread "
    "(5 % for all steps and cells together).",
    "decreasing": "Holds when the straight line through the points, which count as equally far apart, falls, averaged "
    f"over the cells of the other axes, {_T}, and no step of the mean over seeds rises by more than its own spread "
    "(5 % for all steps and cells together).",
    "increasing_at_every_step": "Holds when the mean over seeds rises at every step, in every cell of the other axes, "
    f"and so does the straight line through the points {_T}.",
    "decreasing_at_every_step": "Holds when the mean over seeds falls at every step, in every cell of the other axes, "
    f"and so does the straight line through the points {_T}.",
    "ratio_between": "Holds when the geometric mean of the ratio a / b over seeds lies within the limits in every cell "
    f"of the other axes, and the overall geometric mean {_ENDS}.",
    "close_to": "Holds when the mean over seeds is within the tolerance of the target in every cell of the other axes, "
    f"and the overall mean {_ENDS}.",
    "correlates": "Holds when the coefficient over all runs meets the limit, and the chance of one so far from 0 "
    "without a relation is at most 5 %, by exchanging the values of each axis of the sweep. Where it meets "
    "the limit and is not shown, or those values can be arranged in fewer than 20 ways, it cannot be told.",
    "crosses": "Holds when the mean over seeds of the difference a - b changes its sign within the limits, in every "
    "cell of the other axes and on average, and at the lower limit and at the upper one (at the first and the last "
    f"point, where there is none) the difference has opposite signs, each {_T}. The place is the first change at or "
    "after the lower limit, on the straight line between two points.",
}


def find(claim: Claim, table: Table, axes: Sequence[str]) -> Finding:
    """Apply the rule of the claim's kind; `RULES` says it in words.

    Raises:
        CannotTell: the rows cannot be compared at all.
    """
    if isinstance(claim, CorrelationClaim):
        return related(claim, scattered(claim, table, axes), generator_of(claim))
    data = compared(claim, table, axes)
    if isinstance(claim, TrendClaim):
        return trend(claim, data)
    if isinstance(claim, CrossingClaim):
        return crosses(claim, data, generator_of(claim))
    return level(claim, data)


def generator_of(claim: Claim) -> np.random.Generator:
    """The draws of a claim, the same whenever it is checked and whatever else is."""
    digest = hashlib.sha256(f"genlab/claim/{claim.id}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
