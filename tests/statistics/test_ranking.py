import numpy as np
import pytest
from scipy.stats import kendalltau

from genlab.statistics.ranking import block_count, rank_measures
from genlab.statistics.table import Zoo
from tests.references import conditional_independence, granulated, kendall, sign_error
from tests.references.resampling import every_resample, quantile
from tests.statistics.examples import rows, zoo


def by_name(ranked):
    return {one.measure: one for one in ranked}


def with_measures(found, **measures):
    return Zoo(found.target, found.values, found.hyperparameters, found.settings, found.seeds, measures)


def test_every_number_of_a_row_equals_its_twin():
    found = zoo(np.random.default_rng(20), holes=0.1)
    row = by_name(rank_measures(found, test_images=10_000, least_pairs=4))["noisy"].as_dict()
    points = [r for r in rows(found) if r[2] is not None]
    x, y = [r[2] for r in points], [r[3] for r in points]
    assert row["n"] == len(points) < len(found.values)
    assert row["tau"] == pytest.approx(kendall.mean_sign_product(x, y))
    assert row["tau_b"] == pytest.approx(kendalltau(x, y).statistic)
    by_axis = [granulated.psi(rows(found), axis) for axis in range(3)]
    assert [row[f"psi[axis{axis}]"] for axis in range(3)] == pytest.approx(by_axis)
    assert row["psi"] == pytest.approx(np.mean(by_axis))
    assert row["cmi"] == pytest.approx(conditional_independence.smallest_score(rows(found), 3))
    given = [found.hyperparameters.index(name) for name in row["cmi_given"].split()]
    assert conditional_independence.score(rows(found), given) == pytest.approx(row["cmi"])
    by_ends = sign_error.errors(rows(found), 10_000, 4)
    errors = sorted(by_ends.values())
    assert row["environments"] == len(errors)
    assert row["sign_error_mean"] == pytest.approx(np.mean(errors))
    assert row["sign_error_median"] == pytest.approx(np.median(errors))
    assert row["sign_error_90th_percentile"] == pytest.approx(np.quantile(errors, 0.9))
    assert row["sign_error_worst"] == pytest.approx(max(errors))
    along = [error for (one, other), error in by_ends.items() if one[1] != other[1]]
    assert row["environments[axis1]"] == len(along) < len(errors)
    assert row["sign_error_mean[axis1]"] == pytest.approx(np.mean(along))
    assert row["sign_error_90th_percentile[axis1]"] == pytest.approx(np.quantile(along, 0.9))
    assert row["sign_error_worst[axis1]"] == pytest.approx(max(along))


def test_measures_come_by_falling_tau_and_those_without_one_last_with_the_reason():
    found = zoo(np.random.default_rng(21))
    found = with_measures(
        found,
        constant=np.full(len(found.values), 2.0),
        against=-found.values,
        few=np.where(np.arange(len(found.values)) < 3, 1.0, np.nan),
        best=np.exp(found.values),
        nothing=np.full(len(found.values), np.nan),
        **found.measures,
    )
    ranked = rank_measures(found)
    names = [one.measure for one in ranked]
    assert (names[0], names[3], names[4:]) == ("best", "against", ["constant", "few", "nothing"])
    assert ranked[1].tau > ranked[2].tau
    assert [ranked[0].tau, ranked[3].tau] == [1, -1]
    assert [one.reason for one in ranked[4:]] == [
        "it is the same in all 36 runs that have a value",
        "3 of 36 runs have a value",
        "no run has a value",
    ]
    assert all(one.as_dict()["tau"] is None for one in ranked[4:])


@pytest.mark.parametrize(("over", "blocks"), [("configurations", 12), ("runs", 36), ("seeds", 3)])
def test_intervals_are_around_the_numbers_and_without_width_where_nothing_varies(over, blocks):
    found = zoo(np.random.default_rng(22))
    assert block_count(found, over) == blocks
    found = with_measures(found, best=np.exp(found.values), **found.measures)
    ranked = by_name(rank_measures(found, over=over))
    noisy, best = ranked["noisy"], ranked["best"]
    assert noisy.tau_interval.low < noisy.tau < noisy.tau_interval.high
    assert noisy.psi_interval.low <= noisy.psi <= noisy.psi_interval.high
    assert noisy.psi_interval.low < noisy.psi_interval.high
    assert 0 <= noisy.cmi_interval.low < noisy.cmi_interval.high <= 1
    for interval in (best.tau_interval, best.psi_interval, best.cmi_interval):
        assert (interval.low, interval.high) == pytest.approx((1, 1))


def test_of_three_seeds_the_interval_of_psi_is_the_smallest_and_the_largest_of_the_three():
    found = zoo(np.random.default_rng(23))
    ranked = by_name(rank_measures(found, over="seeds"))["noisy"]
    alone = [np.mean([granulated.psi([r for r in rows(found) if r[1] == s], a) for a in range(3)]) for s in range(3)]
    assert (ranked.psi_interval.low, ranked.psi_interval.high) == pytest.approx((min(alone), max(alone)))


def test_a_measure_that_a_seed_lacks_is_resampled_over_the_seeds_that_have_it():
    found = zoo(np.random.default_rng(26), shape=(2, 2))
    part = np.where(found.seeds == 0, np.nan, found.measures["noisy"])
    (one,) = rank_measures(with_measures(found, part=part), over="seeds", resamples=20_000)
    by_seed = [[(r[2], r[3]) for r in rows(with_measures(found, noisy=part)) if r[1] == s and r[2]] for s in range(3)]

    def tau(drawn):
        points = [(*point, index) for block in drawn for index, point in enumerate(by_seed[block])]
        products = [
            kendall.sign(a[0] - b[0]) * kendall.sign(a[1] - b[1]) for a in points for b in points if a[:2] != b[:2]
        ]
        return sum(products) / len(products) if products else np.nan

    values = [value for value in every_resample(range(3), tau) if not np.isnan(value)]
    assert one.tau_interval.low == pytest.approx(quantile(values, 0.025))
    assert one.tau_interval.high == pytest.approx(quantile(values, 0.975))
    assert one.tau_interval.undefined == pytest.approx(1 / 27, abs=0.005)


@pytest.mark.parametrize(("over", "tolerance"), [("configurations", 0.07), ("runs", 0.07)])
def test_the_interval_of_tau_holds_the_truth_about_as_often_as_it_says(over, tolerance):
    """Of 200 samples of 40 points from a bivariate normal, whose tau is 2 asin(rho) / pi."""
    rng = np.random.default_rng(24)
    truth = 2 * np.arcsin(0.5) / np.pi
    held = 0
    for _ in range(200):
        x = rng.standard_normal(40)
        y = 0.5 * x + np.sqrt(0.75) * rng.standard_normal(40)
        settings = np.arange(40)[:, None] if over == "configurations" else np.repeat([[0], [1]], 20, axis=0)
        seeds = np.zeros(40, dtype=int) if over == "configurations" else np.tile(np.arange(20), 2)
        (one,) = rank_measures(Zoo("y", y, ("a",), settings, seeds, {"x": x}), over=over, resamples=300)
        held += one.tau_interval.low <= truth <= one.tau_interval.high
    assert held / 200 == pytest.approx(0.93, abs=tolerance)


def test_infinite_values_rank_like_the_largest_and_the_smallest_numbers():
    found = zoo(np.random.default_rng(28))
    noisy = found.measures["noisy"]
    high, low = noisy > np.quantile(noisy, 0.7), noisy < np.quantile(noisy, 0.1)
    infinite = np.where(high, np.inf, np.where(low, -np.inf, noisy))
    finite = np.where(high, 1e3, np.where(low, -1e3, noisy))
    (one,) = rank_measures(with_measures(found, noisy=infinite), test_images=10_000)
    (other,) = rank_measures(with_measures(found, noisy=finite), test_images=10_000)
    assert one.n == 36
    assert one.as_dict() == other.as_dict()
    (same,) = rank_measures(with_measures(found, same=np.full(36, np.inf)))
    assert same.reason == "it is the same in all 36 runs that have a value"


def test_a_single_block_has_no_interval():
    found = zoo(np.random.default_rng(29), seeds=1)
    (one, _) = rank_measures(found, over="seeds")
    assert one.tau is not None
    assert (one.tau_interval, one.psi_interval, one.cmi_interval) == (None, None, None)
    found = zoo(np.random.default_rng(29), seeds=2)
    part = np.where(found.seeds == 0, np.nan, found.measures["noisy"])
    ranked = by_name(rank_measures(with_measures(found, part=part, whole=found.measures["noisy"]), over="seeds"))
    assert ranked["part"].tau_interval is None
    assert ranked["whole"].tau_interval is not None


def test_the_same_runs_give_the_same_intervals_whatever_else_is_ranked():
    found = zoo(np.random.default_rng(25))
    alone = rank_measures(with_measures(found, noisy=found.measures["noisy"]))[0]
    assert by_name(rank_measures(found))["noisy"].as_dict() == alone.as_dict()
