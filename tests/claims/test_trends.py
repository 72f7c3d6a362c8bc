import itertools

import numpy as np
import pytest
from scipy import stats

from genlab.claims.trends import rise
from tests.claims.examples import CORRUPTION, RANDOM, SIZE, TRUE, check, claim, noisy, runs

SIZES = (500, 1000, 2000, 4000)


def curve(points, spread=0.0, **more):
    """Runs of three seeds along four sizes: each has its points, and a spread that its seeds have at every point."""
    noise = np.random.default_rng(1).permuted(np.tile([-spread, 0.0, spread], (len(points), 1)), axis=1)
    sizes = SIZES[: len(points)]
    usual = {"corruptions": (0.0,), "sizes": sizes}
    return runs(
        lambda corruption, size, seed: points[sizes.index(size)] + noise[sizes.index(size)][seed], **usual | more
    )


def trend(results, kind="increasing", **more):
    return check(claim(kind, over=SIZE, **more), results)


def test_the_rise_is_that_of_the_least_squares_line():
    draws = np.random.default_rng(0)
    for points in range(2, 9):
        values = draws.normal(size=(3, points))
        expected = [np.polyfit(np.arange(points), row, 1)[0] * (points - 1) for row in values]
        assert rise(values) == pytest.approx(expected, abs=1e-12)
    assert rise(np.array([[3.0, 5.0]])).tolist() == [2.0]


def test_a_trend_goes_along_numbers_and_not_along_their_spelling():
    results = runs(lambda corruption, size, seed: size / 1e4 + seed / 100, sizes=(2000, 500, 10_000))
    found = trend(results)
    assert (found.verdict, found.effect_name, found.n) == ("holds", "total change", 18)
    assert found.effect == pytest.approx(0.95)
    assert found.reason == "100% of the single seeds' steps rise"
    assert trend(results, "decreasing").verdict == "fails"


def test_points_count_as_equally_far_apart():
    """So no choice of axis decides: a late leap is half as much along these as along the sizes themselves."""
    values = [0.0, 0.0, 0.0, 1.0]
    assert trend(curve(values)).effect == pytest.approx(3 * np.polyfit(range(4), values, 1)[0])


def test_the_mean_rise_is_tested_over_seeds_as_scipy_does():
    results = runs(noisy, sizes=SIZES, seeds=range(4))
    by_seed = []
    for _, own in results.groupby("seed"):
        slopes = [np.polyfit(range(4), cell["final.test_error"], 1)[0] * 3 for _, cell in own.groupby(CORRUPTION)]
        by_seed.append(np.mean(slopes))
    found = trend(results, "decreasing")
    test = stats.ttest_1samp(by_seed, 0, alternative="less")
    assert found.effect == pytest.approx(np.mean(by_seed))
    assert found.chance == pytest.approx(test.pvalue, rel=1e-6)
    assert found.interval == pytest.approx(tuple(stats.ttest_1samp(by_seed, 0).confidence_interval(0.9)))
    assert trend(results).chance == pytest.approx(1 - test.pvalue)


def test_more_points_make_a_rise_surer():
    """The same rise and spread along two points and along eight."""
    draws = np.random.default_rng(3)
    noise = draws.normal(size=(2000, 3, 8))
    few, many = rise((noise[:, :, :2]).reshape(-1, 2)), rise(noise.reshape(-1, 8))
    assert many.std() < 0.95 * few.std()


# steps against it


def test_a_valley_is_no_rise():
    found = trend(curve((0.5, 0.2, 0.4, 1.0), spread=0.01))
    assert found.verdict == "fails"
    assert found.interval[0] > 0  # though the line rises
    assert found.reason.startswith("against it: data.train_size from 500 to 1000 in data.labels")
    hill = trend(curve((0.5, 0.8, 0.6, 0.0), spread=0.01), "decreasing")
    assert hill.reason.startswith("against it: data.train_size from 500 to 1000 in data.labels")


def test_a_step_against_it_within_the_spread_of_the_seeds_is_allowed():
    points, spread = (0.1, 0.5, 0.45, 1.0), 0.1
    found = trend(curve(points, spread))
    assert found.verdict == "holds"
    assert "against" not in found.reason
    mirrored = trend(curve(tuple(-p for p in points), spread), "decreasing")
    assert mirrored.verdict == "holds"
    strict = trend(curve(points, spread), "increasing_at_every_step")
    assert strict.verdict == "fails"
    assert strict.reason.startswith("against it: data.train_size from 1000 to 2000 in data.labels")


def test_a_step_against_it_is_named_with_its_cell():
    errors = {500: 0.1, 1000: 0.4, 2000: 0.3, 4000: 0.9}
    results = runs(lambda corruption, size, seed: errors[size] * (1 + corruption), sizes=tuple(errors))
    found = trend(results, where=RANDOM)
    assert found.verdict == "fails"
    assert found.effect == pytest.approx(3 * np.polyfit(range(4), [0.2, 0.8, 0.6, 1.8], 1)[0])
    assert found.reason == "against it: data.train_size from 1000 to 2000; 67% of the single seeds' steps rise"
    assert "data.train_size from 1000 to 2000 in data.labels.corruption=0" in trend(results).reason


def test_a_step_is_told_from_noise_at_5_percent_for_all_steps_of_all_cells():
    down = np.array([-0.1, -0.06, -0.14])  # a first step whose chance is 0.026
    chance = stats.ttest_1samp(down, 0, alternative="less").pvalue
    assert 0.05 / 4 < chance < 0.05 / 2

    def error(corruption, size, seed):
        first = down[seed] if corruption == 0 else 0.3
        return {500: 0.0, 1000: first, 2000: 1.0}[size] + seed / 100

    results = runs(error, sizes=(500, 1000, 2000))
    assert trend(results, where=TRUE).reason.startswith("against it")  # of two steps
    assert trend(results).verdict == "holds"  # of four


def test_the_spread_of_a_step_is_that_of_few_seeds():
    """A step whose chance is 3 %, and which divided by the seeds instead of one fewer would be told from noise."""
    down = np.array([-0.1, -0.055, -0.145])
    assert 0.05 / 2 < stats.ttest_1samp(down, 0, alternative="less").pvalue < 0.035
    results = runs(
        lambda corruption, size, seed: {500: 0.0, 1000: down[seed], 2000: 1.0}[size], sizes=(500, 1000, 2000)
    )
    assert trend(results, where=TRUE).verdict == "holds"


def test_at_every_step_each_step_of_the_mean_goes_the_way():
    points = (0.0, 0.1, 0.2, 0.9)
    assert trend(curve(points, 0.05), "increasing_at_every_step").verdict == "holds"
    assert trend(curve(points[::-1], 0.05), "decreasing_at_every_step").verdict == "holds"
    assert trend(curve(points, 0.05), "decreasing_at_every_step").verdict == "fails"


def test_at_every_step_a_step_without_change_is_none():
    errors = {500: (0.3, 0.2, 0.1), 1000: (0.1, 0.2, 0.3), 2000: (1.0, 1.0, 1.0)}
    assert sum(errors[1000]) > sum(errors[500])  # by rounding alone
    results = runs(lambda corruption, size, seed: errors[size][seed], corruptions=(0.0,), sizes=tuple(errors))
    assert trend(results).verdict == "holds"
    found = trend(results, "increasing_at_every_step")
    assert found.interval[0] > 0
    assert found.verdict == "fails"
    assert found.reason.startswith("against it: data.train_size from 500 to 1000 in data.labels")


def test_at_every_step_a_rise_within_the_spread_of_the_seeds_is_none():
    found = trend(curve((0.0, 0.01, 0.02, 0.03), spread=0.5), "increasing_at_every_step")
    assert found.verdict == "fails"
    assert "not shown" in found.reason


def test_a_constant_neither_rises_nor_falls():
    results = curve((0.1 + 0.2, 0.3, 0.3))
    kinds = ["".join(parts) for parts in itertools.product(("increasing", "decreasing"), ("", "_at_every_step"))]
    assert {trend(results, kind).verdict for kind in kinds} == {"fails"}


def test_one_seed_that_falls_leaves_doubt():
    found = trend(runs(lambda corruption, size, seed: (1, 1.2, -0.3)[seed] * size / 1000))
    assert found.verdict == "fails"
    assert found.reason.startswith("not shown: the interval -36.99 to 100.3 points is not all above 0")
    assert "67% of the single seeds' steps rise" in found.reason


def test_two_seeds_cannot_tell_of_a_trend():
    found = trend(runs(noisy, sizes=SIZES, seeds=(0, 1)), "decreasing")
    assert (found.verdict, found.chance, found.interval) == ("cannot tell", None, None)
    assert found.effect < 0


# what goes along


def test_the_difference_of_two_groups_can_be_what_grows():
    """Both errors fall with more images; that with random labels falls less."""
    results = runs(lambda corruption, size, seed: 1 - size / 1e4 * (1 - 0.5 * corruption) + 0.01 * seed, sizes=SIZES)
    groups = {"a": RANDOM, "b": TRUE}
    assert trend(results).verdict == "fails"
    found = trend(results, **groups)
    assert (found.verdict, found.n) == ("holds", 12)
    assert found.effect == pytest.approx(3 * np.polyfit(range(4), [0.025, 0.05, 0.1, 0.2], 1)[0])
    assert trend(results, "increasing_at_every_step", **groups).verdict == "holds"
    assert trend(results, a=TRUE, b=RANDOM).verdict == "fails"


def test_a_range_of_what_it_goes_along_takes_its_part():
    results = curve((0.9, 0.5, 0.7, 0.8), 0.01)
    assert trend(results).verdict == "fails"
    found = trend(results, where={SIZE: {"at_least": 1000}})
    assert (found.verdict, found.n) == ("holds", 9)
    assert trend(results, "decreasing", where={SIZE: {"at_most": 1000}}).verdict == "holds"


def test_widths_of_one_hidden_layer_are_numbers_to_go_along():
    results = runs(lambda corruption, size, seed: size / 1e4 + seed / 100, sizes=(64, 1024, 128))
    results["model.widths"] = [f"[{size}]" for size in results[SIZE]]
    one = claim("increasing", over="model.widths")
    axes = (CORRUPTION, "model.widths")
    found = check(one, results, axes)
    assert (found.verdict, found.effect) == ("holds", pytest.approx(0.096))
    narrow = claim("increasing", over="model.widths", where={"model.widths": {"at_most": 128}})
    assert check(narrow, results, axes).n == 12
    for place, width in (("first", [64]), ("last", [1024])):
        higher = claim("higher", where={"model.widths": {"place": place}})
        assert (
            check(higher, results, axes).effect == check(claim("higher", where={"model.widths": width}), results).effect
        )
    results["model.widths"] = [f"[{size}, 8]" for size in results[SIZE]]
    assert "not a number along which to go: [1024, 8]" in check(one, results, axes).reason


def test_a_trend_needs_two_values_and_numbers():
    assert "only one value" in trend(runs(noisy, sizes=(500,))).reason
    words = runs(noisy)
    words["model"] = np.where(words[SIZE] == 500, "mlp", "vgg")
    assert "model is not a number" in check(claim("increasing", over="model", pair_by=[CORRUPTION]), words).reason
    words["final.test_error"] = words["final.test_error"].astype(object)
    words.loc[0, "final.test_error"] = "high"
    assert "final.test_error is not a number: 'high'" in trend(words).reason


def test_a_cell_of_one_point_is_left_out_and_told():
    results = runs(lambda corruption, size, seed: size / 1e3)
    results = results[(results[CORRUPTION] == 0) | (results[SIZE] == 500)]
    found = trend(results)
    assert (found.verdict, found.n) == ("holds", 6)
    assert "1 of 2 cells have one point only" in found.reason
