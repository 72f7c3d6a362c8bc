"""Lists of runs: filtered, sorted, with chosen columns, from status files alone."""

import json

import pytest

from genlab.errors import UsageError
from genlab.rundir.listing import describe, list_runs
from genlab.rundir.run_rows import USUAL_COLUMNS
from tests.rundir.examples import made_up_run


@pytest.fixture
def runs(tmp_path):
    for index, (name, corruption, error) in enumerate([("c", 0.0, 0.3), ("a", 0.5, 0.1), ("b", 1.0, 0.9)]):
        config = {"seed": index, "data.labels.corruption": corruption, "model.name": "mlp", "model.widths": [3, 4]}
        made_up_run(tmp_path, name, f"{index}" * 12, config=config, final={"epoch": 10 * index, "test_error": error})
    made_up_run(tmp_path, "d", "3" * 12, state="failed", reason="diverged", config={"seed": 3}, final={})
    return tmp_path


def names(runs, **how):
    return "".join(row["name"] for row in list_runs(runs, **how).rows)


def test_runs_come_in_the_order_of_their_names(runs):
    listing = list_runs(runs)
    assert [row["name"] for row in listing.rows] == ["a", "b", "c", "d"]
    assert listing.damaged == []
    first = listing.rows[0]
    assert (first["id"], first["final.test_error"], first["data.labels.corruption"]) == ("1" * 12, 0.1, 0.5)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (["status=finished"], "abc"),
        (["status!=finished"], "d"),
        (["name=a"], "a"),
        (["seed=1"], "a"),
        (["id=111111111111"], "a"),
        (["seed<2"], "ac"),
        (["seed<=2"], "abc"),
        (["seed>1"], "bd"),
        (["seed>=1"], "abd"),
        (["final.test_error<0.5"], "ac"),
        (["final.test_error < 0.5", "data.labels.corruption=0"], "c"),
        (["data.labels.corruption=1"], "b"),
        (["data.labels.corruption=5e-1"], "a"),
        (["model.widths=[3, 4]"], "abc"),
        (["reason=diverged"], "d"),
        (["name<3"], ""),
        (["model.name!=vgg"], "abc"),
    ],
)
def test_conditions(runs, where, found):
    assert names(runs, where=where) == found


@pytest.mark.parametrize("where", ["seed", "=3", "seed==3", "seed=>3", "seed<>3", "<", ""])
def test_a_condition_that_cannot_be_read_is_told_with_its_form(runs, where):
    with pytest.raises(UsageError, match=r"a condition is KEY=VALUE \(or"):
        list_runs(runs, where=[where])


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", "abcd"),
        ("-name", "dcba"),
        ("seed", "cabd"),
        ("final.test_error", "acbd"),
        ("-final.test_error", "bcad"),
        ("-final.epoch", "bacd"),
    ],
)
def test_sorting_puts_runs_without_a_value_last(runs, sort, order):
    assert names(runs, sort=sort) == order


def test_columns_are_chosen_or_added(runs):
    assert list_runs(runs, columns="name,seed").columns == ("name", "seed")
    added = list_runs(runs, columns="+reason, +model.widths").columns
    assert added == (*list_runs(runs).columns, "reason"), "the widths differ and are there"
    assert list_runs(runs, columns="test_error,corruption").columns == ("final.test_error", "data.labels.corruption")


def test_the_columns_are_what_tells_the_runs_apart(runs):
    listing = list_runs(runs, where=["status=finished"])
    errors = ("final.epoch", "final.train_error", "final.test_error", "started")
    assert listing.columns == ("id", "name", "status", "data.labels.corruption", "seed", *errors)
    assert listing.same == {"model.name": "mlp"}
    shorts = [listing.names.get(column, column) for column in listing.columns]
    settings = ["id", "name", "status", "corruption", "seed"]
    assert shorts == [*settings, "epoch", "train_error", "test_error", "started"]


def test_what_only_some_runs_have_varies_and_what_one_value_has_does_not(tmp_path):
    for run_id, config in (("1111", {"model.name": "mlp", "model.widths": [3, 4]}), ("2222", {"model.name": "vgg"})):
        made_up_run(tmp_path, "a", run_id, config={"seed": 0, **config})
    listing = list_runs(tmp_path)
    assert listing.columns[:4] == ("id", "status", "model.name", "model.widths")
    assert listing.same == {"name": "a", "seed": 0}


def test_programs_get_the_usual_columns_first_and_what_else_differs_after_them(runs):
    assert list_runs(runs, usual=True, where=["status=finished"]).columns == USUAL_COLUMNS
    made_up_run(runs, "e", "4" * 12, config={"seed": 4, "training.batch_size": 3})
    columns = list_runs(runs, usual=True).columns
    assert columns[: len(USUAL_COLUMNS)] == USUAL_COLUMNS
    assert set(columns[len(USUAL_COLUMNS) :]) == {"training.batch_size", "model.widths"}


def test_a_single_run_has_the_usual_columns(runs):
    assert list_runs(runs, where=["name=a"]).columns == (*USUAL_COLUMNS, "started")


def test_the_size_is_that_of_all_files(runs):
    listing = list_runs(runs, columns="name,size", sort="-size")
    expected = {path.name[0]: sum(f.stat().st_size for f in path.rglob("*")) for path in runs.iterdir()}
    assert {row["name"]: row["size"] for row in listing.rows} == expected
    assert names(runs, where=["size>0"]) == "abcd"
    assert names(runs, where=["size>1000000"]) == ""
    assert "size" not in list_runs(runs).rows[0]


@pytest.mark.parametrize(
    "how", [{"columns": "name,final.tset_error"}, {"sort": "final.tset_error"}, {"where": ["final.tset_error<1"]}]
)
def test_a_column_that_no_run_has_is_told_with_the_nearest(runs, how):
    with pytest.raises(UsageError, match=r"no run has a column 'final.tset_error'; did you mean final.test_error\?"):
        list_runs(runs, **how)


def test_a_damaged_run_does_not_hide_the_others(runs):
    (runs / f"a-{'1' * 12}" / "status.json").write_text("{")
    listing = list_runs(runs)
    assert [row["name"] for row in listing.rows] == ["b", "c", "d"]
    assert len(listing.damaged) == 1
    assert "a-111111111111/status.json: damaged" in listing.damaged[0]


def test_no_runs_are_no_error(tmp_path):
    assert list_runs(tmp_path / "runs", where=["seed=3"], sort="seed", columns="anything").rows == []


def test_a_description_has_all_that_the_small_files_tell(runs):
    run = made_up_run(runs, "e", "eeee")
    attempt = {"code": "0123", "versions": {"torch": "2.6"}, "git": {"commit": "abc"}, "machine": {"cores": 2}}
    attempt["command"] = "genlab sweep a.yaml"
    provenance = {"execution": {"threads": 1}, "attempts": [{}, attempt]}
    run.provenance.write_text(json.dumps(provenance))
    description = describe(run)
    assert description["id"] == "eeee"
    assert description["final.test_error"] == 0.05
    assert description["execution.threads"] == 1
    assert description["attempts"] == 2
    assert description["versions.torch"] == "2.6"
    assert description["git.commit"] == "abc"
    assert (description["code"], description["command"]) == ("0123", "genlab sweep a.yaml")
    assert description["machine.cores"] == 2
    assert description["files"] == "history.csv, provenance.json, status.json"


def test_weights_at_epochs_are_shown_and_their_size_counts(runs):
    run = made_up_run(runs, "e", "eeee")
    before = {row["name"]: row["size"] for row in list_runs(runs, columns="name,size").rows}
    assert "weights_at" not in describe(run)
    run.weights.mkdir()
    for epoch in (0, 2, 10):
        run.weights_at(epoch).write_bytes(b"x" * 100)
    description = describe(run)
    assert description["weights_at"] == "0, 2, 10"
    assert "weights/10.safetensors" in description["files"]
    after = {row["name"]: row["size"] for row in list_runs(runs, columns="name,size").rows}
    assert after["e"] == before["e"] + 300


def test_a_list_of_one_is_that_one(tmp_path):
    made_up_run(tmp_path, config={"model.widths": [16]})
    (row,) = list_runs(tmp_path, where=["model.widths=[16]"]).rows
    assert row["model.widths"] == 16
    assert list_runs(tmp_path, where=["model.widths=16", "model.widths>8"]).rows
    assert not list_runs(tmp_path, where=["model.widths!=[16]"]).rows


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}"])
def test_a_description_does_without_a_provenance(runs, content):
    run = made_up_run(runs, "e", "eeee")
    if content is not None:
        run.provenance.write_text(content)
    assert describe(run)["attempts"] == 0
