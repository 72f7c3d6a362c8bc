import math
import typing

import numpy as np
import pytest

from genlab.claims.rules import RULES, crossing
from genlab.config.schema.claim import Claim
from tests.references.pairing import first_crossing


def kinds():
    union = typing.get_args(Claim)[0]
    return [
        kind for section in typing.get_args(union) for kind in typing.get_args(section.model_fields["kind"].annotation)
    ]


def test_every_kind_of_claim_has_its_rule_in_words():
    assert sorted(RULES) == sorted(kinds())
    assert all(rule.startswith("Holds when") for rule in RULES.values())


def test_crossings_equal_those_found_by_walking_along():
    draws = np.random.default_rng(2)
    over = np.cumsum(draws.uniform(0.5, 2, 9))
    curves = draws.integers(-2, 3, (500, 9)).astype(float)
    for low in (-math.inf, 4.0, 99.0):
        for curve, place in zip(curves, crossing(over, curves, low), strict=True):
            expected = first_crossing(over.tolist(), curve.tolist(), low)
            assert math.isnan(place) if expected is None else place == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("curve", "place"), [([1, 0, 1], None), ([0, 0, 1], None), ([1, 0, 0, -1], 1), ([3, -1, 5], 0.75), ([2, 1], None)]
)
def test_touching_zero_is_no_crossing(curve, place):
    found = crossing(np.arange(len(curve), dtype=float), np.array([curve], dtype=float), -math.inf)[0]
    assert math.isnan(found) if place is None else found == place
