"""Correlates: a rank correlation over runs, its chance by exchanging configurations."""

import numpy as np

from genlab.claims.finding import Finding
from genlab.claims.rows import CannotTell
from genlab.claims.scatter import Scatter
from genlab.config.schema.claim import CorrelationClaim
from genlab.statistics.few_seeds import LEVEL
from genlab.statistics.relation import rank_relation

NAMES = {"tau": "Kendall tau-b", "psi": "Psi"}


def related(claim: CorrelationClaim, data: Scatter, generator: np.random.Generator) -> Finding:
    """The coefficient beyond its limit, and so far from 0 as chance alone seldom brings it."""
    found = rank_relation(
        data.x, data.y, data.settings, data.repeats, coefficient=claim.coefficient, generator=generator
    )
    name = NAMES[claim.coefficient]
    if found is None:
        why = f"{claim.column} or {claim.over} is constant, so there is no rank"
        if claim.coefficient == "psi" and np.ptp(data.x) > 0 and np.ptp(data.y) > 0:
            why = "no two runs of a seed differ in one axis alone, so there is no Psi"
        raise CannotTell("; ".join([why, *data.left_out]))
    least, most = claim.at_least, claim.at_most
    sign = 1 if least is not None else -1
    limit = least if least is not None else most
    assert limit is not None
    beyond = sign * found.value >= sign * limit - 1e-12
    chance = found.above if sign > 0 else found.below
    other = found.below if sign > 0 else found.above
    reasons = [] if beyond else [f"{name} {found.value:.4g} is not at {'least' if sign > 0 else 'most'} {limit:.4g}"]
    if beyond and chance > LEVEL:
        reasons.append(
            f"not shown: without a relation {chance:.0%} of the exchanges of its {found.configurations} configurations "
            "have one as far from 0"
        )
    return Finding(
        not reasons,
        found.value,
        name,
        len(data.x),
        len(data.seeds),
        "; ".join([*reasons, *data.left_out]),
        points=beyond,
        opposite=other <= LEVEL and sign * found.value < 0,
        interval=None if found.low is None or found.high is None else (found.low, found.high),
        chance=chance,
        left_out=data.left_out,
    )
