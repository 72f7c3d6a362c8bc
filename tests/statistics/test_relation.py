import math

import numpy as np
import pytest

from genlab.statistics import relation
from genlab.statistics.relation import EXCHANGES, rank_relation
from tests.references.exchanges import exchange_chances
from tests.references.granulated import psi
from tests.references.kendall import tau_b
from tests.references.resampling import every_resample, quantile

SETTINGS = np.repeat([[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]], 2, axis=0)
SEEDS = np.tile([0, 1], 6)
CONFIGURATIONS = (SETTINGS @ [3, 1]).tolist()


@pytest.fixture
def hasty(monkeypatch):
    """Few draws, where chances need not be exact."""
    monkeypatch.setattr(relation, "EXCHANGES", 50)
    monkeypatch.setattr(relation, "RESAMPLES", 50)


def relate(x, y, settings=SETTINGS, seeds=SEEDS, coefficient="tau"):
    return rank_relation(x, y, settings, seeds, coefficient=coefficient, generator=np.random.default_rng(0))


def numbers(draw, size=12, related=0.8):
    draws = np.random.default_rng(draw)
    x = draws.normal(size=size).round(1)
    y = (related * x + draws.normal(size=size)).round(1)  # rounded, so that some tie
    return x.tolist(), y.tolist()


def mean_psi(x, y):
    """Over the axes, of the runs of the grid above."""
    rows = [(tuple(s), int(seed), a, b) for s, seed, a, b in zip(SETTINGS.tolist(), SEEDS, x, y, strict=True)]
    return (psi(rows, 0) + psi(rows, 1)) / 2


TWINS = {"tau": tau_b, "psi": mean_psi}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("coefficient", TWINS)
def test_the_coefficient_is_that_of_the_twin(coefficient):
    for draw in range(5):
        x, y = numbers(draw)
        assert relate(x, y, coefficient=coefficient).value == pytest.approx(TWINS[coefficient](x, y), abs=1e-12)


@pytest.mark.parametrize("coefficient", TWINS)
@pytest.mark.parametrize("draw", [1, 2])
def test_the_chances_are_those_of_all_orders_of_the_configurations(coefficient, draw):
    x, y = numbers(draw, related=0.3)
    found = relate(x, y, coefficient=coefficient)
    above, below = exchange_chances(x, y, CONFIGURATIONS, SEEDS.tolist(), TWINS[coefficient])
    assert found.configurations == 6
    for chance, exact in ((found.above, above), (found.below, below)):
        assert chance == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / EXCHANGES) + 1 / EXCHANGES)


@pytest.mark.usefixtures("hasty")
def test_the_order_of_the_rows_changes_no_number():
    x, y = numbers(3, related=0.2)
    order = np.random.default_rng(4).permutation(12)
    others = [np.array(column)[order] for column in (x, y, SETTINGS, SEEDS)]
    for coefficient in TWINS:
        assert relate(x, y, coefficient=coefficient) == relate(*others, coefficient)


def test_the_interval_has_5_percent_of_all_resamples_of_configurations_beyond_each_end():
    x, y = [0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 2.0, 1.0, 4.0, 3.0]

    def tau(drawn):
        found = tau_b(*zip(*drawn, strict=True))
        return -2.0 if found is None else found  # five times one configuration, which is left out

    ordered = [value for value in every_resample(list(zip(x, y, strict=True)), tau) if value >= -1]
    found = relate(x, y, np.arange(5)[:, None], np.zeros(5, dtype=int))
    assert len(ordered) == 5**5 - 5
    for end, part in ((found.low, 0.05), (found.high, 0.95)):
        assert quantile(ordered, part - 0.02) <= end <= quantile(ordered, part + 0.02)
        assert not quantile(ordered, 0.2) < end < quantile(ordered, 0.8)


def test_the_runs_of_a_configuration_are_no_points_of_their_own():
    """Four configurations of ever so many seeds have 24 orders, so that no chance is below 1 in 24."""
    settings, seeds = np.repeat([[0], [1], [2], [3]], 25, axis=0), np.tile(np.arange(25), 4)
    x = settings[:, 0] + np.random.default_rng(5).uniform(size=100) / 10
    found = relate(x, x, settings, seeds)
    assert found.value == 1
    assert found.above == pytest.approx(1 / 24, abs=4 * math.sqrt(1 / 24 / EXCHANGES))
    assert found.below == 1


def test_the_chance_is_never_zero():
    settings = np.arange(12)[:, None]
    found = relate(np.arange(12.0), np.arange(12.0), settings, np.zeros(12, dtype=int))
    assert found.above == 1 / (EXCHANGES + 1)


@pytest.mark.usefixtures("hasty")
def test_a_relation_the_other_way_round_has_its_chances_and_ends_exchanged_in_sign():
    x, y = numbers(6)
    one, other = relate(x, y), relate(x, [-value for value in y])
    assert (other.value, other.above, other.below) == (pytest.approx(-one.value), one.below, one.above)
    assert (other.low, other.high) == (pytest.approx(-one.high), pytest.approx(-one.low))
    assert one.low < one.value < one.high


@pytest.mark.usefixtures("hasty")
def test_a_configuration_that_lacks_a_seed_has_its_place_among_the_others():
    x, y = numbers(7)
    found = relate(x[1:], y[1:], SETTINGS[1:], SEEDS[1:])
    assert found.configurations == 6
    assert found.value == pytest.approx(tau_b(x[1:], y[1:]))
    assert 0 < found.above < 1


@pytest.mark.usefixtures("hasty")
def test_an_interval_that_exists_in_too_few_resamples_is_none():
    """Of two configurations half of all resamples have one of them only, and so no tau."""
    found = relate([0.0, 1.0], [0.0, 1.0], np.array([[0], [1]]), np.zeros(2, dtype=int))
    assert (found.value, found.low, found.high) == (1.0, None, None)


@pytest.mark.parametrize(
    ("x", "settings", "coefficient"),
    [
        ([1.0, 1.0, 1.0], [[0], [1], [2]], "tau"),
        ([0.0, 1.0, 2.0], [[0], [0], [0]], "tau"),  # seeds of one configuration
        ([0.0, 1.0], [[0, 0], [1, 1]], "psi"),  # no two differ in one axis alone
        ([], np.zeros((0, 1), dtype=int), "tau"),
    ],
)
def test_what_has_no_coefficient_has_no_relation(x, settings, coefficient):
    assert relate(x, [3.0, 1.0, 2.0][: len(x)], np.array(settings), np.arange(len(x)), coefficient) is None
