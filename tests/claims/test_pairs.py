import math

import numpy as np
import pandas as pd
import pytest

from genlab.claims.rows import asked_for
from genlab.config.values import value_texts
from tests.claims.examples import AXES, CORRUPTION, SIZE, check, claim, histories, noisy, runs


def test_a_mean_that_is_higher_only_for_want_of_pairs_does_not_hold():
    # Simpson: random labels were run at the hard size alone in most seeds; in every pair they are lower.
    results = runs(lambda corruption, size, seed: (0.6 if size == 500 else 0.2) - 0.05 * corruption)
    absent = (results[CORRUPTION] == 1) & (results[SIZE] == 1000)
    results = results[~absent]
    means = results.groupby(CORRUPTION)["final.test_error"].mean()
    assert means[1.0] > means[0.0]
    found = check(claim("higher"), results)
    assert (found.verdict, found.n) == ("fails", 3)
    assert found.effect == pytest.approx(-0.05)
    assert "1 of 2 cells are left out" in found.reason


# what is missing


@pytest.mark.parametrize("seeds", [3, 4])
def test_an_unfinished_run_takes_its_seed_out(seeds):
    results = runs(lambda corruption, size, seed: corruption + seed, seeds=range(seeds))
    last = results.index[-1]
    results.loc[last, "status"] = "preempted"
    results.loc[last, "final.test_error"] = -9.0  # what an unfinished run says does not count
    found = check(claim("higher"), results)
    assert found.verdict == ("holds" if seeds == 4 else "cannot tell")
    assert (found.effect, found.seeds, found.n) == (1.0, seeds - 1, 2 * (seeds - 1))
    assert f"1 of {4 * seeds} runs lack a value: data.labels.corruption=1, data.train_size=1000" in found.reason
    assert "(preempted)" in found.reason


def test_a_finished_run_without_a_value_takes_its_seed_out():
    results = runs(lambda corruption, size, seed: corruption, seeds=range(4))
    for nothing in (math.nan, math.inf):
        results.loc[0, "final.test_error"] = nothing
        found = check(claim("higher"), results)
        assert (found.verdict, found.seeds) == ("holds", 3)
        assert "(no value)" in found.reason


def test_a_run_that_has_not_started_is_missing_even_with_its_labels_as_the_file_spells_them():
    results = runs(lambda corruption, size, seed: corruption).astype({CORRUPTION: object})
    results["model.name"] = "mlp"
    results.loc[0, ["status", CORRUPTION, "final.test_error", "model.name"]] = ["missing", True, math.nan, None]
    results.loc[11, ["status", CORRUPTION, "final.test_error", "model.name"]] = ["missing", "random", math.nan, None]
    found = check(claim("higher", where={"model.name": "mlp"}), results)
    assert (found.verdict, found.seeds) == ("cannot tell", 1)
    assert "2 of 12 runs lack a value" in found.reason


def test_an_unfinished_run_whose_partner_the_sweep_leaves_out_does_not_count():
    results = runs(lambda corruption, size, seed: corruption)
    results = results[~((results[CORRUPTION] == 0) & (results[SIZE] == 1000))]
    results.loc[results.index[-1], "status"] = "failed"  # of random labels at size 1000
    found = check(claim("higher"), results)
    assert (found.verdict, found.seeds, found.n) == ("holds", 3, 3)


def test_no_runs_at_all_cannot_tell():
    assert check(claim("higher"), pd.DataFrame()).reason == "there are no runs yet"
    waiting = runs(lambda *_: math.nan).assign(status="missing")
    found = check(claim("higher"), waiting)
    assert (found.verdict, found.effect, found.n) == ("cannot tell", None, 0)
    assert "12 of 12 runs lack a value" in found.reason
    without_column = waiting.drop(columns="final.test_error")
    assert "final.test_error" in check(claim("higher"), without_column).reason


def test_a_group_that_no_run_is_in_is_named():
    found = check(claim("higher", a={CORRUPTION: 0.7}), runs(noisy))
    assert (found.verdict, found.reason) == ("cannot tell", "no run has data.labels.corruption=0.7")


def test_axes_that_change_together_need_pair_by():
    results = runs(lambda corruption, size, seed: corruption)
    results["training.stop.epochs"] = np.where(results[CORRUPTION] == 1, 300, 30)
    axes = (*AXES, "training.stop.epochs")
    found = check(claim("higher"), results, axes)
    assert found.verdict == "cannot tell"
    assert "always differ in training.stop.epochs too" in found.reason
    assert check(claim("higher", pair_by=[SIZE]), results, axes).verdict == "holds"


def test_rows_that_cannot_be_told_apart_are_refused():
    found = check(claim("higher", pair_by=["seed"]), runs(noisy))
    assert found.verdict == "cannot tell"
    assert found.reason.startswith("several rows have seed=0 and differ in data.train_size")


# how settings are compared


@pytest.mark.parametrize(
    ("spelled", "column"),
    [(1, 1.0), (1.0, 1), ("random", 1.0), (0.3, 0.1 + 0.2), ([512, 512], "[512, 512]"), (True, True), (None, math.nan)],
)
def test_equal_settings_match_however_they_are_spelled(spelled, column):
    results = runs(lambda corruption, size, seed: corruption * (0.5 if size == 500 else -0.5))
    name = CORRUPTION if spelled == "random" else "setting"
    if name == "setting":
        results[name] = pd.Series([column if size == 500 else "other" for size in results[SIZE]], dtype=object)
        assert check(claim("higher", where={name: spelled}), results).n == 3
    else:
        assert check(claim("higher", a={name: spelled}), results).n == 6


def test_a_number_does_not_match_one_that_is_near():
    assert check(claim("higher", a={CORRUPTION: 0.999}), runs(noisy)).reason.startswith("no run has")


# ranges of settings


@pytest.mark.parametrize(
    ("asked", "sizes"),
    [
        ({"at_least": 500}, {500, 1000, 4000}),
        ({"at_least": 501}, {1000, 4000}),
        ({"at_most": 500}, {250, 500}),
        ({"at_least": 300, "at_most": 1000}, {500, 1000}),
        ({"at_least": 999.5, "at_most": 1000}, {1000}),
        ({"place": "first"}, {250}),
        ({"place": "last"}, {4000}),
        ({"at_least": 5000}, set()),
    ],
)
def test_a_range_takes_the_numbers_within_it_its_ends_included(asked, sizes):
    results = runs(noisy, sizes=(1000, 250, 4000, 500))
    for column in (
        results[SIZE],
        results[SIZE].map(str),
        results[SIZE].map(lambda size: f"[{size}]"),
        results[SIZE] / 1,
    ):
        texts = value_texts(column, SIZE)
        fits = asked_for(texts, SIZE, asked)
        assert {size for size, fit in zip(results[SIZE], fits, strict=True) if fit} == sizes


def test_what_is_no_number_is_in_no_range():
    for asked in ({"at_most": 9}, {"at_least": -9}, {"place": "first"}, {"place": "last"}):
        assert asked_for(["mlp", None, "[4, 8]", "true", "2"], "x", asked) == [False] * 4 + [True]
        assert asked_for(["mlp", None], "x", asked) == [False, False]


def test_a_range_leaves_an_axis_whose_cells_are_compared_and_a_value_does_not():
    results = runs(
        lambda corruption, size, seed: corruption * (1 if size == 500 else -1) * size, sizes=(500, 1000, 2000)
    )
    every = check(claim("higher", where={SIZE: {"at_least": 1000}}), results)
    assert (every.n, every.effect) == (6, -1500)
    assert "data.train_size=1000 (difference -1e+05 points); data.train_size=2000" in every.reason
    last = check(claim("higher", where={SIZE: {"place": "last"}}), results)
    assert (last.n, last.effect) == (3, -2000)
    assert "data.train_size" not in last.reason


def test_the_last_size_is_that_of_the_sweep_even_where_its_runs_are_unfinished():
    results = runs(lambda corruption, size, seed: corruption, sizes=(500, 1000))
    results.loc[results[SIZE] == 1000, "status"] = "missing"
    found = check(claim("higher", where={SIZE: {"place": "last"}}), results)
    assert (found.verdict, found.seeds) == ("cannot tell", 0)
    assert "6 of 6" in found.reason


def test_a_range_that_no_run_is_in_is_named():
    found = check(claim("higher", where={SIZE: {"at_least": 5000}}), runs(noisy))
    assert found.verdict == "cannot tell"
    assert found.reason == "no run has data.train_size of at least 5000, data.labels.corruption=1"


# histories and other long tables


def test_an_epoch_of_the_histories_is_compared():
    results = runs(lambda *_: 0.0)
    errors = histories(results, lambda row, epoch: row[CORRUPTION] * (1 if epoch == 10 else -1))
    found = check(claim("higher", table="history", column="test_error", where={"epoch": 10}), results, history=errors)
    assert (found.verdict, found.effect, found.n) == ("holds", 1.0, 6)
    without = check(claim("higher", table="history", column="test_error"), results, history=errors)
    assert "differ in epoch; name one value in `where`" in without.reason


def test_a_run_without_rows_in_a_table_takes_its_seed_out():
    results = runs(lambda *_: 0.0, seeds=range(4))
    errors = histories(results, lambda row, epoch: row[CORRUPTION])
    errors = errors[errors["id"] != results["id"].iloc[3]]
    found = check(claim("higher", table="history", column="test_error", where={"epoch": 10}), results, history=errors)
    assert (found.verdict, found.seeds) == ("holds", 3)
    assert "1 of 16 runs lack a value: data.labels.corruption=0, data.train_size=500, seed=3 (no value)" in found.reason


def test_layers_are_cells_when_rows_are_paired_by_them():
    results = runs(lambda *_: 0.0)
    rows = [
        row | {"measure": "spectral", "layer": layer, "value": row[CORRUPTION] * change, "reason": ""}
        for row in results.to_dict("records")
        for layer, change in (("conv1", 2.0), ("conv2", -1.0))
    ]
    one = claim("higher", table="measures", column="value", where={"measure": "spectral"}, pair_by=[SIZE, "layer"])
    found = check(one, results, measures=pd.DataFrame(rows))
    assert (found.verdict, found.n, found.effect) == ("holds", 12, 0.5)
    assert "the other way round in data.train_size=500, layer=conv2 (difference -1)" in found.reason


def test_a_long_table_knows_the_results_of_its_runs():
    results = runs(lambda corruption, size, seed: corruption + seed / 10 + size / 1e5, sizes=(250, 500, 1000, 4000))
    rows = [row | {"measure": "m", "value": row["final.test_error"] ** 2} for row in results.to_dict("records")]
    measures = pd.DataFrame(rows).drop(columns="final.test_error")
    one = claim("correlates", table="measures", column="value", over="final.test_error", at_least=0.9)
    assert check(one, results, measures=measures).verdict == "holds"
