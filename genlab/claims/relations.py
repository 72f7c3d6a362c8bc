"""Correlates: a rank correlation over runs, its chance by exchanging the values of the axes."""

import math

import numpy as np
from scipy import special

from genlab.claims.finding import Finding
from genlab.claims.rows import CannotTell
from genlab.claims.scatter import Codes, Scatter
from genlab.config.schema.claim import CorrelationClaim
from genlab.statistics.few_seeds import LEVEL, POWER
from genlab.statistics.relation import Relation, psi_relation, tau_relation

# Below it no chance could be 5 %.
FEWEST_ARRANGEMENTS = 20
NAMES = {"tau": "Kendall tau", "psi": "Psi"}
RELATIONS = {"tau": tau_relation, "psi": psi_relation}


def arrangements(settings: Codes) -> int:
    """In how many ways the values of the axes can be exchanged."""
    return math.prod(math.factorial(len(np.unique(axis))) for axis in settings.T)


def smallest_found(found: Relation, limit: float) -> float:
    """The coefficient that the rule would have found in 4 of 5 repeats, by the normal distribution.

    It must come out above both the limit and what chance reaches in 1 of 20, and over repeats, of which each has
    configurations of its own, it scatters as the interval is wide. At most 1, which no effect exceeds.

    Args:
        found: of which the interval is of 90 %.
        limit: on the coefficient, positive.
    """
    error = (found.high - found.low) / (2 * float(special.ndtri(1 - LEVEL)))
    return min(1.0, max(limit, found.critical) + float(special.ndtri(POWER)) * error)


def related(claim: CorrelationClaim, data: Scatter, generator: np.random.Generator) -> Finding:
    """The coefficient beyond its limit, and so far from 0 as chance alone seldom brings it.

    Measures and errors both follow the settings of a net, for reasons of their own; so what chance may exchange are the
    values of each axis, and not the configurations, by which unrelated numbers are told related in up to 37 %.
    """
    limit = claim.at_least if claim.at_least is not None else claim.at_most
    assert limit is not None
    sign = 1 if limit > 0 else -1
    name = NAMES[claim.coefficient]
    # Of what falls, the relation that it would have if it rose: the test is one-sided.
    found = RELATIONS[claim.coefficient](
        sign * data.x,
        data.y,
        data.settings,
        generator=generator,
        seeds=data.repeats,
        exchange="levels",
        confidence=1 - 2 * LEVEL,
    )
    if found is None:
        why = f"{claim.column} or {claim.over} is constant, so there is no rank"
        if claim.coefficient == "psi" and np.ptp(data.x) > 0 and np.ptp(data.y) > 0:
            why = "no two runs of a seed differ in one axis alone, so there is no Psi"
        raise CannotTell("; ".join([why, *data.left_out]))
    ways = arrangements(data.settings)
    value, ends = sign * found.value, sorted((sign * found.low, sign * found.high))
    beyond = found.value >= abs(limit) - 1e-12
    reasons = [] if beyond else [f"{name} {value:.4g} is not at {'least' if sign > 0 else 'most'} {limit:.4g}"]
    if beyond and ways < FEWEST_ARRANGEMENTS:
        reasons.append(f"the values of the axes can be arranged in {ways} ways, and {FEWEST_ARRANGEMENTS} are needed")
    elif beyond and found.chance > LEVEL:
        reasons.append(
            f"not shown: {found.chance:.0%} of the ways to exchange the values of the axes have a {name} as far from 0"
        )
    return Finding(
        not reasons,
        value,
        name,
        len(data.x),
        len(data.seeds),
        "; ".join([*reasons, *data.left_out]),
        points=beyond,
        opposite=found.high < 0,
        undecided=beyond and bool(reasons),
        interval=(ends[0], ends[1]),
        chance=found.chance,
        smallest=smallest_found(found, abs(limit)) if ways >= FEWEST_ARRANGEMENTS else None,
        left_out=data.left_out,
    )
