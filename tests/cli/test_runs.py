"""`genlab runs`."""

import csv
import io
import json

import pytest

from genlab.rundir.locks import locked
from tests.cli.command import genlab, refused
from tests.rundir.examples import contents, made_up_run


@pytest.fixture
def runs(tmp_path):
    """Three runs that nobody has trained."""
    made_up_run(tmp_path, "a", "1111", final={"test_error": 0.25, "epoch": 3})
    made_up_run(tmp_path, "b", "2222", final={"test_error": 0.125, "epoch": 3})
    made_up_run(tmp_path, "c", "3333", state="failed", reason="diverged [bold] :x:", final={})
    return tmp_path


def test_listing(runs):
    found = genlab("runs", "ls", "--runs", runs)
    assert (found.code, found.err) == (0, "")
    header, *lines = found.out.splitlines()
    assert header.split()[:3] == ["id", "name", "status"]
    assert [line.split()[:3] for line in lines] == [
        ["1111", "a", "finished"],
        ["2222", "b", "finished"],
        ["3333", "c", "failed"],
    ]


def test_listing_filters_sorts_and_chooses_columns(runs):
    found = genlab(
        "runs",
        "ls",
        "--runs",
        runs,
        "--where",
        "final.test_error<0.5",
        "--sort",
        "final.test_error",
        "--columns",
        "name,reason",
    )
    assert [line.split() for line in found.out.splitlines()] == [
        ["name", "reason"],
        ["b", "3", "epochs"],
        ["a", "3", "epochs"],
    ]


def test_what_looks_like_markup_is_printed_as_it_is(runs):
    found = genlab("runs", "ls", "--runs", runs, "--where", "status=failed", "--columns", "reason")
    assert found.out.splitlines()[1].strip() == "diverged [bold] :x:"


def test_listing_as_json_and_csv(runs):
    rows = json.loads(genlab("runs", "ls", "--runs", runs, "--json").out)
    assert [row["final.test_error"] for row in rows[:2]] == [0.25, 0.125]
    assert "final.test_error" not in rows[2]
    text = genlab("runs", "ls", "--runs", runs, "--csv", "--columns", "name,final.test_error").out
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "final.test_error"],
        ["a", "0.25"],
        ["b", "0.125"],
        ["c", ""],
    ]


def test_listing_where_there_is_nothing(runs):
    assert genlab("runs", "ls", "--runs", runs / "none").out == f"no runs in {runs}/none\n"
    assert genlab("runs", "ls", "--runs", runs, "--where", "name=x").out == f"no runs in {runs} that fit\n"
    assert genlab("runs", "ls", "--runs", runs / "none", "--json").out == "[]\n"


def test_a_damaged_run_is_told_beside_the_others(runs):
    (runs / "b-2222" / "status.json").write_text("{")
    found = genlab("runs", "ls", "--runs", runs, "--json")
    assert found.code == 0
    assert [row["name"] for row in json.loads(found.out)] == ["a", "c"]
    assert found.err.startswith(f"genlab: {runs}/b-2222/status.json: damaged")
    assert len(found.err.splitlines()) == 1


def test_a_column_that_no_run_has(runs):
    found = genlab("runs", "ls", "--runs", runs, "--sort", "final.tset_error")
    refused(found, 2, "no run has a column 'final.tset_error'; did you mean final.test_error?")


def test_showing(runs):
    found = genlab("runs", "show", "a", "--runs", runs)
    assert found.code == 0
    assert ["final.test_error", "0.25"] in [line.split() for line in found.out.splitlines()]
    first, second = json.loads(genlab("runs", "show", "1111", "b", "--runs", runs, "--json").out)
    assert (first["name"], second["name"]) == ("a", "b")
    assert second["files"] == "history.csv, status.json"


def test_paths(runs):
    assert genlab("runs", "path", "a", "3333", "--runs", runs).out == f"{runs}/a-1111\n{runs}/c-3333\n"
    assert json.loads(genlab("runs", "path", "a", "--runs", runs, "--json").out) == [f"{runs}/a-1111"]
    refused(genlab("runs", "path", "a", "nobody", "--runs", runs), 2, "nobody: no run of that")


def test_removing_with_yes(runs):
    others = contents(runs / "b-2222") | contents(runs / "c-3333")
    found = genlab("runs", "rm", "a", "--runs", runs, "--yes")
    assert (found.code, found.out) == (0, f"removed {runs}/a-1111\n")
    assert not (runs / "a-1111").exists()
    assert contents(runs / "b-2222") | contents(runs / "c-3333") == others


def test_removing_asks_and_keeps_what_it_is_told_to_keep(runs):
    found = genlab("runs", "rm", "a", "b", "--runs", runs, answers="n\ny\n")
    assert found.code == 0
    assert f"kept {runs}/a-1111" in found.out
    assert (runs / "a-1111").exists()
    assert not (runs / "b-2222").exists()


def test_removing_without_a_terminal_to_ask_on_removes_nothing(runs):
    found = genlab("runs", "rm", "a", "--runs", runs)
    refused(found, 2, "--yes")
    assert (runs / "a-1111").exists()


def test_removing_is_refused_before_anything_is_removed_when_a_target_is_unknown(runs):
    refused(genlab("runs", "rm", "a", "nobody", "--runs", runs, "--yes"), 2, "nobody")
    assert (runs / "a-1111").exists()


def test_a_run_that_somebody_is_at_work_on_is_not_removed(runs):
    with locked(runs, "1111"):
        refused(genlab("runs", "rm", "a", "--runs", runs, "--yes"), 4, "run 1111: process")
    assert (runs / "a-1111").exists()


def test_diff_shows_what_differs_and_all_shows_the_rest(tmp_path):
    small = ("digits-mlp", "data.train_size=100", "model.widths=[4]", "training.stop.epochs=1", "execution.threads=1")
    for seed in (0, 1):
        assert genlab("train", *small, f"seed={seed}", "--runs", tmp_path, "-q").code == 0
    first, second = sorted(path.name for path in tmp_path.glob("digits-mlp-*"))
    rows = json.loads(genlab("runs", "diff", first, second, "--runs", tmp_path, "--json").out)
    keys = [row["key"] for row in rows]
    assert "seed" in keys
    assert "data.name" not in keys
    everything = json.loads(genlab("runs", "diff", first, second, "--all", "--runs", tmp_path, "--json").out)
    assert "data.name" in [row["key"] for row in everything]
    assert genlab("runs", "diff", first, first, "--runs", tmp_path).out == "no difference\n"


@pytest.mark.parametrize("by", ["name", "path"])
def test_a_run_that_is_a_link_is_not_removed(runs, tmp_path, by):
    (found,) = runs.glob("a-*")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = found.rename(elsewhere / found.name)
    found.symlink_to(moved)
    refused(genlab("runs", "rm", found if by == "path" else "a", "--runs", runs, "--yes"), 2, "is a link to")
    assert (moved / "status.json").exists()
    assert found.is_symlink()
