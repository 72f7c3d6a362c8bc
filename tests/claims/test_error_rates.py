"""How often each rule holds where there is no effect, and where there is one of two standard deviations."""

import numpy as np
import pytest
from scipy import stats

from genlab.claims import relations
from genlab.claims.relations import related
from genlab.claims.scatter import Scatter
from genlab.statistics import relation
from tests.claims.examples import SIZE, claim
from tests.claims.simulated import DRAWS, KINDS, held

# Corners of 3 to 10 seeds, 2 to 12 points and 1 to 27 cells, and one within.
SHAPES = [(3, 2, 1), (3, 12, 27), (5, 4, 4), (10, 12, 1), (10, 2, 27)]
# Of so many draws a rule that is false in 1 of 20 holds in no more but in 1 of 1,000 tests.
MOST = int(stats.binom.ppf(0.999, DRAWS, 0.05))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "{} seeds, {} points, {} cells".format(*shape))
@pytest.mark.parametrize("kind", KINDS)
def test_without_an_effect_a_rule_holds_in_1_of_20_sweeps_at_most(kind, shape):
    seeds, points, cells = shape
    along = kind.startswith("increasing") or kind == "crosses"
    assert held(kind, seeds=seeds, points=points if along else 1, cells=cells) <= MOST


def test_the_range_of_three_seeds_would_not_pass():
    """The rule of before, by which a difference of nothing is shown in 1 of 8."""
    generator = np.random.default_rng(7)
    assert (generator.normal(size=(DRAWS, 3)).min(axis=1) > 0).sum() > MOST


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
    assert held("higher", seeds=seeds, effect=2.0) / DRAWS == pytest.approx(expected, abs=0.08)
