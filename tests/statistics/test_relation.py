import itertools

import numpy as np
import pytest

from genlab.statistics.granulated import granulated_tau, psi_of, seed_pairs
from genlab.statistics.kendall import mean_sign_product
from genlab.statistics.relation import psi_relation, tau_relation
from tests.references import relation as twin
from tests.statistics.examples import rows, zoo

RELATIONS = {"tau": (tau_relation, twin.tau_of), "psi": (psi_relation, twin.psi_of)}
every_relation = pytest.mark.parametrize("name", RELATIONS)


def of_zoo(name, found, measure="noisy", seed=0, **options):
    generator = np.random.default_rng(seed)
    arrays = found.measures[measure], found.values, found.settings
    return RELATIONS[name][0](*arrays, seeds=found.seeds, generator=generator, **options)


@every_relation
@pytest.mark.parametrize("levels", [False, True])
@pytest.mark.parametrize(
    "kind",
    [{"shape": (2, 3)}, {"shape": (3, 2), "ties": True}, {"shape": (2, 3), "seeds": 4, "runs": 0.8, "holes": 0.1}],
)
def test_the_value_and_its_chance_are_those_of_every_order_of_the_configurations(name, kind, levels):
    found = zoo(np.random.default_rng(7), **kind)
    points = [row for row in rows(found) if row[2] is not None]
    exchange = "levels" if levels else "configurations"
    computed = of_zoo(name, found, exchange=exchange, permutations=4000, resamples=50)
    assert computed.value == pytest.approx(RELATIONS[name][1](points))
    assert computed.chance == pytest.approx(twin.chance(points, RELATIONS[name][1], levels), abs=0.03)


@every_relation
def test_a_measure_that_follows_the_target_is_told_from_chance_and_its_negative_is_not(name):
    found = zoo(np.random.default_rng(8), shape=(2, 3, 2))
    measures = found.measures | {"best": np.exp(found.values), "worst": -found.values}
    found = type(found)("gap", found.values, found.hyperparameters, found.settings, found.seeds, measures)
    best, worst = of_zoo(name, found, "best"), of_zoo(name, found, "worst")
    assert (best.value, best.low, best.high, best.chance) == pytest.approx((1, 1, 1, 1 / 1000))
    assert (worst.value, worst.low, worst.high, worst.chance) == pytest.approx((-1, -1, -1, 1))
    assert of_zoo(name, found) == of_zoo(name, found)
    noisy = of_zoo(name, found)
    assert noisy.low < noisy.value < noisy.high


def test_the_values_are_those_of_the_ranking():
    found = zoo(np.random.default_rng(9))
    x = found.measures["noisy"]
    assert of_zoo("tau", found).value == pytest.approx(mean_sign_product(x, found.values))
    by_axis = granulated_tau(x, found.values, seed_pairs(found.settings, found.seeds))
    assert of_zoo("psi", found).value == pytest.approx(psi_of(by_axis)[0])


@every_relation
def test_without_seeds_the_runs_of_a_configuration_are_numbered(name):
    found = zoo(np.random.default_rng(10), shape=(2, 2))
    arrays = found.measures["noisy"], found.values, found.settings
    assert RELATIONS[name][0](*arrays, generator=np.random.default_rng(0)) == of_zoo(name, found)


@every_relation
def test_what_cannot_be_ranked_has_no_relation_and_repeats_are_refused(name):
    relation = RELATIONS[name][0]
    settings, generator = np.array([[0], [0], [1], [1]]), np.random.default_rng(0)
    up = np.arange(4.0)
    assert relation(np.ones(4), up, settings, generator=generator) is None
    assert relation(up, np.ones(4), settings, generator=generator) is None
    assert relation(up, up, np.zeros((4, 1), dtype=int), generator=generator) is None
    assert relation([np.nan] * 4, up, settings, generator=generator) is None
    assert relation([1.0, 2.0, np.nan, np.nan], up, settings, generator=generator) is None
    with pytest.raises(ValueError, match="agree in all settings"):
        relation(up, up, settings, seeds=[0, 0, 0, 1], generator=generator)
    with pytest.raises(ValueError, match="x, target and settings"):
        relation(up[:3], up, settings, generator=generator)
    infinite = relation([1.0, 2.0, np.inf, np.inf], up, settings, generator=generator)
    assert infinite.value == relation([1.0, 2.0, 9.0, 9.0], up, settings, generator=generator).value


def without_relation(rng, shape, seeds, exchange):
    """A measure and a target with effects of their own: of configurations, or of hyperparameters."""
    grid = np.array(list(itertools.product(*map(range, shape))))

    def drawn():
        if exchange == "configurations":
            effects = rng.normal(size=len(grid))
        else:
            effects = sum(rng.normal(size=size)[grid[:, axis]] for axis, size in enumerate(shape))
        return np.repeat(effects, seeds) + 0.3 * rng.normal(size=len(grid) * seeds)

    return drawn(), drawn(), np.repeat(grid, seeds, axis=0)


@pytest.mark.slow
@every_relation
@pytest.mark.parametrize(
    ("shape", "seeds", "exchange", "zoos"),
    [
        ((2, 2, 2), 1, "configurations", 400),
        ((2, 2, 2), 5, "configurations", 200),
        ((2, 3, 4), 1, "configurations", 200),
        ((2, 3, 4), 3, "configurations", 100),
        ((2, 3, 2, 4), 1, "configurations", 100),
        ((2, 2, 2, 2, 2), 1, "levels", 200),
        ((2, 3, 4), 1, "levels", 200),
    ],
)
def test_a_chance_of_a_twentieth_comes_in_a_twentieth_of_the_zoos_without_a_relation(
    name, shape, seeds, exchange, zoos
):
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(zoos):
        x, target, settings = without_relation(rng, shape, seeds, exchange)
        options = {"exchange": exchange, "permutations": 99, "resamples": 50}
        held += RELATIONS[name][0](x, target, settings, generator=rng, **options).chance <= 0.05
    # The exact rate is .05 at most; three standard errors of the simulation above it.
    assert held / zoos <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / zoos)


@pytest.mark.slow
@every_relation
def test_a_relation_is_found(name):
    """Of 24 configurations, where half of the variance of the target's effects is the measure's."""
    rng = np.random.default_rng(12)
    held = 0
    for _ in range(100):
        x, noise, settings = without_relation(rng, (2, 3, 4), 1, "configurations")
        held += RELATIONS[name][0](x, x + noise, settings, generator=rng, permutations=99, resamples=50).chance <= 0.05
    assert held >= 80
