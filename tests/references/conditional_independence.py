"""The conditional mutual information score from its definition, with probabilities in dictionaries."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence

from tests.references.granulated import Row
from tests.references.kendall import sign


def score(rows: Sequence[Row], given: Sequence[int]) -> float | None:
    """I(V_x; V_y | U_S) / H(V_y | U_S) over ordered pairs of runs; None where H is zero.

    A tie in the target drops the pair, a tie in the measure is an outcome like any other.
    """
    joint: Counter[tuple[tuple[tuple[int, ...], tuple[int, ...]], int, int]] = Counter()
    for one, other in itertools.permutations([row for row in rows if row[2] is not None], 2):
        v_x, v_y = sign(one[2] - other[2]), sign(one[3] - other[3])
        if v_y != 0:
            u = tuple(one[0][axis] for axis in given), tuple(other[0][axis] for axis in given)
            joint[u, v_x, v_y] += 1
    total = sum(joint.values())
    information = entropy = 0.0
    for u in {key[0] for key in joint}:
        p_u = sum(n for key, n in joint.items() if key[0] == u) / total
        for v_y in (-1, 1):
            p_y = sum(joint[u, v, v_y] for v in (-1, 0, 1)) / total / p_u
            if p_y:
                entropy -= p_u * p_y * math.log(p_y)
            for v_x in (-1, 0, 1):
                p_x = sum(joint[u, v_x, v] for v in (-1, 1)) / total / p_u
                p_xy = joint[u, v_x, v_y] / total / p_u
                if p_xy:
                    information += p_u * p_xy * math.log(p_xy / (p_x * p_y))
    return information / entropy if entropy > 1e-12 else None


def smallest_score(rows: Sequence[Row], axes: int) -> float | None:
    """The least over all sets of none, one or two of the hyperparameters, but not of all of them."""
    sets = [s for size in range(min(2, axes - 1) + 1) for s in itertools.combinations(range(axes), size)]
    scores = [found for found in (score(rows, s) for s in sets) if found is not None]
    return min(scores) if scores else None
