"""How often each rule holds where there is no effect, and where there is one of two standard deviations."""

import itertools

import numpy as np
import pytest
from scipy import stats

from genlab.claims.relations import related
from genlab.claims.scatter import Scatter
from genlab.claims.trends import trend
from genlab.statistics import relation
from tests.claims.examples import SIZE, claim
from tests.claims.simulated import DRAWS, KINDS, compared, held

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
    assert (generator.normal(size=(2_000, 3)).min(axis=1) > 0).mean() == pytest.approx(1 / 8, abs=0.03)


@pytest.mark.parametrize("coefficient", ["tau", "psi"])
def test_numbers_that_follow_the_axes_for_reasons_of_their_own_are_told_related_in_1_of_20_sweeps_at_most(
    coefficient, monkeypatch
):
    for name in ("tau_relation", "psi_relation"):
        few = getattr(relation, name).__kwdefaults__ | {"permutations": 99, "resamples": 20}
        monkeypatch.setattr(getattr(relation, name), "__kwdefaults__", few)
    generator, count, draws = np.random.default_rng(3), 0, 200
    one = claim("correlates", over=SIZE, at_least=1e-9, coefficient=coefficient)
    settings = np.array(list(itertools.product((0, 1), repeat=5)))
    for _ in range(draws):
        x, y = (settings @ generator.normal(size=5) + 0.2 * generator.normal(size=32) for _ in range(2))
        data = Scatter(x, y, settings, np.zeros(32, dtype=np.int64), ("0",))
        count += related(one, data, generator).holds
    assert count <= stats.binom.ppf(0.999, draws, 0.05)


@pytest.mark.parametrize("shape", [(5, 4, 1), (10, 4, 1), (5, 12, 1), (5, 4, 4)])
def test_steps_of_what_would_have_been_found_are_found_in_about_4_of_5_repeats(shape):
    """By the median of what seeds say would have been found; with three seeds it is found in 7 of 10."""
    seeds, points, cells = shape
    generator = np.random.default_rng(1)
    one = claim("increasing_at_every_step", over=SIZE)
    draws = [generator.normal(size=(1, cells, seeds, points)) for _ in range(50)]
    smallest = float(np.median([trend(one, compared(values)).smallest for values in draws]))
    share = held("increasing_at_every_step", seeds=seeds, points=points, cells=cells, effect=smallest) / DRAWS
    assert share == pytest.approx(0.8, abs=0.1)


def test_a_relation_that_would_have_been_found_is_found_in_about_4_of_5_repeats(monkeypatch):
    few = relation.tau_relation.__kwdefaults__ | {"permutations": 99, "resamples": 50}
    monkeypatch.setattr(relation.tau_relation, "__kwdefaults__", few)
    generator, draws = np.random.default_rng(2), 100
    one = claim("correlates", over=SIZE, at_least=1e-9)
    settings = np.array(list(itertools.product((0, 1), repeat=5)))
    part = 0.56  # of the correlation, by which tau is .38 on average
    findings = []
    for _ in range(draws):
        x = generator.normal(size=32)
        y = part * x + np.sqrt(1 - part**2) * generator.normal(size=32)
        findings.append(related(one, Scatter(x, y, settings, np.zeros(32, dtype=np.int64), ("0",)), generator))
    assert np.mean([found.effect for found in findings]) == pytest.approx(0.38, abs=0.03)
    assert np.median([found.smallest for found in findings]) == pytest.approx(0.35, abs=0.06)
    assert np.mean([found.holds for found in findings]) == pytest.approx(0.8, abs=0.12)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_a_difference_of_two_standard_deviations_of_a_run_is_found_as_often_as_the_formula_says(seeds):
    spread = np.sqrt(2)  # of a difference of two runs
    limit = stats.t.ppf(0.95, seeds - 1)
    expected = stats.nct.sf(limit, seeds - 1, 2 / spread * np.sqrt(seeds))
    assert held("higher", seeds=seeds, effect=2.0) / DRAWS == pytest.approx(expected, abs=0.08)
