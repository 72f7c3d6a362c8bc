import typing

import numpy as np
import pytest

from genlab.claims.rows import CannotTell
from genlab.claims.rules import RULES, find, generator_of
from genlab.config.schema.claim import Claim
from tests.claims.examples import AXES, SIZE, claim, noisy, runs, tables

MORE = {
    "increasing": {"over": SIZE},
    "decreasing": {"over": SIZE},
    "increasing_at_every_step": {"over": SIZE},
    "decreasing_at_every_step": {"over": SIZE},
    "ratio_between": {"low": 1, "high": 2},
    "close_to": {"target": 1, "tolerance": 1},
    "correlates": {"over": SIZE, "at_least": 0.1},
    "crosses": {"over": SIZE},
}
EFFECTS = {
    "higher": "difference",
    "lower": "difference",
    "ratio_between": "ratio",
    "close_to": "difference from target",
    "correlates": "Kendall tau",
    "crosses": "crossing",
}


def kinds():
    union = typing.get_args(Claim)[0]
    return [
        kind for section in typing.get_args(union) for kind in typing.get_args(section.model_fields["kind"].annotation)
    ]


def test_every_kind_of_claim_has_its_rule_in_words():
    assert sorted(RULES) == sorted(kinds())
    assert all(rule.startswith("Holds when") for rule in RULES.values())


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_finds_its_effect(kind):
    found = find(claim(kind, **MORE.get(kind, {})), tables(runs(noisy)), AXES)
    assert found.effect_name == EFFECTS.get(kind, "total change")
    assert found.seeds == 3
    assert found.chance is not None


@pytest.mark.parametrize("kind", kinds())
def test_a_claim_that_the_rows_do_not_answer_says_why(kind):
    with pytest.raises(CannotTell, match="no run"):
        find(claim(kind, **MORE.get(kind, {}), where={SIZE: 9}), tables(runs(noisy)), AXES)


def test_draws_are_of_the_claim_and_of_nothing_else():
    one, same, other = (generator_of(claim("higher", id=name)).random(3) for name in ("a", "a", "b"))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
