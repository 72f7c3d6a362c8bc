"""How often each rule holds where there is no effect, and where there is one of two standard deviations."""

import numpy as np
import pytest
from scipy import stats

from genlab.claims import relations
from genlab.claims.crossings import crosses
from genlab.claims.levels import level
from genlab.claims.pairs import Compared, Curve
from genlab.claims.relations import related
from genlab.claims.scatter import Scatter
from genlab.claims.trends import trend
from genlab.statistics import relation, resampling
from tests.claims.examples import SIZE, claim

# Seeds, points and cells: the corners of 3 to 10 seeds, 2 to 12 points and 1 to 27 cells, and one within.
SHAPES = [(3, 2, 1), (3, 12, 27), (5, 4, 4), (10, 12, 1), (10, 2, 27)]
DRAWS = 300
# Of so many draws a rule that is false in 1 of 20 holds in no more but in 1 of 1,000 tests.
MOST = int(stats.binom.ppf(0.999, DRAWS, 0.05))
KINDS = ("higher", "increasing", "decreasing_at_every_step", "ratio_between", "close_to", "crosses")
TRENDS = ("increasing", "decreasing", "increasing_at_every_step", "decreasing_at_every_step")


def compared(values, *, sides=1):
    """What a claim compares, from numbers in [sides, cells, seeds, points]."""
    cells = {
        f"cell={i}": Curve(np.arange(values.shape[3], dtype=float), tuple(values[:sides, i]))
        for i in range(values.shape[1])
    }
    return Compared(tuple(map(str, range(values.shape[2]))), cells)


def numbers(draws, shape, sides):
    seeds, points, cells = shape
    return draws.normal(size=(sides, cells, seeds, points))


def held(kind, shape, *, effect=0.0, draws=DRAWS):
    """How often a rule holds of noise of standard deviation 1, with an effect on top of it."""
    generator, count = np.random.default_rng(7), 0
    for _ in range(draws):
        if kind in ("higher", "lower"):
            values = numbers(generator, (shape[0], 1, shape[2]), 2)
            values[0] += effect * (1 if kind == "higher" else -1)
            count += level(claim(kind), compared(values, sides=2)).holds
        elif kind in TRENDS:
            values = numbers(generator, shape, 1)
            values += np.linspace(0, effect, shape[1]) * (1 if kind.startswith("increasing") else -1)
            count += trend(claim(kind, over=SIZE), compared(values)).holds
        elif kind == "crosses":
            values = numbers(generator, shape, 2)
            count += crosses(claim(kind, over=SIZE), compared(values, sides=2), generator).holds
        elif kind == "close_to":  # the truth lies at the end of the tolerance
            values = numbers(generator, (shape[0], 1, shape[2]), 1) + 3.0
            count += level(claim(kind, target=0.0, tolerance=3.0), compared(values)).holds
        else:
            values = np.exp(numbers(generator, (shape[0], 1, shape[2]), 2))
            values[0] *= 10.0
            count += level(claim(kind, low=0.1, high=10.0), compared(values, sides=2)).holds
    return count


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "{} seeds, {} points, {} cells".format(*shape))
@pytest.mark.parametrize(
    "kind", ["higher", "increasing", "decreasing_at_every_step", "ratio_between", "close_to", "crosses"]
)
def test_without_an_effect_a_rule_holds_in_1_of_20_sweeps_at_most(kind, shape, monkeypatch):
    monkeypatch.setattr(resampling.bootstrap_interval, "__kwdefaults__", FEW_RESAMPLES)
    assert held(kind, shape) <= MOST


FEW_RESAMPLES = (resampling.bootstrap_interval.__kwdefaults__ or {}) | {"resamples": 200}


def test_the_rules_without_their_tests_would_not_pass():
    """What a range of three seeds says: the rule of before, held in 1 of 8."""
    generator = np.random.default_rng(7)
    ranges = generator.normal(size=(DRAWS, 3)).min(axis=1) > 0
    assert ranges.sum() > MOST


@pytest.mark.parametrize(("configurations", "seeds"), [(8, 1), (8, 5), (48, 3)])
@pytest.mark.parametrize("coefficient", ["tau", "psi"])
def test_without_a_relation_a_correlation_is_shown_in_1_of_20_sweeps_at_most(
    coefficient, configurations, seeds, monkeypatch
):
    monkeypatch.setattr(relation, "EXCHANGES", 99)
    monkeypatch.setattr(relation, "RESAMPLES", 20)
    monkeypatch.setattr(relations, "rank_relation", relation.rank_relation)
    generator, count = np.random.default_rng(3), 0
    one = claim("correlates", over=SIZE, at_least=1e-9, coefficient=coefficient)
    axes = np.array([[i // 4, i // 2 % 2, i % 2] for i in range(configurations)])
    settings, repeats = np.repeat(axes, seeds, axis=0), np.tile(np.arange(seeds), configurations)
    for _ in range(DRAWS):
        # What the seeds of a configuration share is most of their spread, as it is among trained nets.
        x, y = (
            np.repeat(generator.normal(size=configurations), seeds) + 0.2 * generator.normal(size=len(settings))
            for _ in range(2)
        )
        found = related(one, Scatter(x, y, settings, repeats, tuple(map(str, range(seeds)))), generator)
        count += found.holds
    assert count <= MOST


@pytest.mark.parametrize(("seeds", "power"), [(3, 0.42), (5, 0.86), (10, 1.0)])
def test_a_difference_of_two_standard_deviations_of_a_run_is_found_as_often_as_the_formula_says(seeds, power):
    spread = np.sqrt(2)  # of a difference of two runs
    limit = stats.t.ppf(0.95, seeds - 1)
    expected = stats.nct.sf(limit, seeds - 1, 2 / spread * np.sqrt(seeds))
    assert expected == pytest.approx(power, abs=0.02)
    assert held("higher", (seeds, 1, 1), effect=2.0) / DRAWS == pytest.approx(expected, abs=0.08)
