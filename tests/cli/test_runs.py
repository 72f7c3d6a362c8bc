"""`genlab runs`."""

import csv
import io
import json
import re

import pytest

from genlab.rundir.locks import locked
from tests.cli.command import Terminal, genlab, refused
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
    found = genlab("runs", "rm", "a", "--runs", runs, answers="n\n")
    assert found.code == 0
    assert f"kept {runs}/a-1111" in found.out
    assert (runs / "a-1111").exists()
    genlab("runs", "rm", "b", "--runs", runs, answers="y\n")
    assert not (runs / "b-2222").exists()


def test_removing_several_lists_them_all_and_asks_once(runs):
    found = genlab("runs", "rm", "a", "b", "--runs", runs, answers="n\n")
    assert found.out.splitlines()[:2] == [f"{runs}/a-1111", f"{runs}/b-2222"]
    assert "remove these 2 runs and all their files?" in found.out
    assert found.out.endswith("kept these 2 runs\n")
    assert {path.name for path in runs.iterdir()} >= {"a-1111", "b-2222", "c-3333"}
    found = genlab("runs", "rm", "[ab]", "--runs", runs, answers="y\n")
    assert found.out.endswith(f"removed {runs}/a-1111\nremoved {runs}/b-2222\n")
    assert [path.name for path in runs.iterdir() if path.name[0] != "."] == ["c-3333"]


def test_all_runs_of_a_name_are_removed_and_no_other(runs):
    made_up_run(runs, "a", "4444", config={"seed": 4})
    assert genlab("runs", "rm", "a", "--where", "seed=4", "--runs", runs, "--yes").out == f"removed {runs}/a-4444\n"
    made_up_run(runs, "a", "4444", config={"seed": 4})
    assert genlab("runs", "rm", "a", "--runs", runs, "--yes").code == 0
    assert sorted(path.name for path in runs.glob("*-*")) == ["b-2222", "c-3333"]


@pytest.mark.parametrize("arguments", [(), ("--last",), ("--yes",)])
def test_nothing_is_removed_that_nobody_named(runs, arguments):
    refused(genlab("runs", "rm", *arguments, "--runs", runs), 2, "Name them, or say --where")
    assert len(list(runs.glob("*-*"))) == 3


def test_nothing_is_removed_while_somebody_is_at_work_on_one_of_several(runs):
    with locked(runs, "2222"):
        refused(genlab("runs", "rm", "a", "b", "--runs", runs, "--yes"), 4, "run 2222: process")
    assert (runs / "a-1111").exists()


def test_a_name_stands_for_all_its_runs(runs):
    made_up_run(runs, "a", "4444", config={"seed": 4})
    assert genlab("runs", "path", "a", "--runs", runs).out.split() == [f"{runs}/a-1111", f"{runs}/a-4444"]
    assert len(json.loads(genlab("runs", "show", "a", "--runs", runs, "--json").out)) == 2
    assert genlab("runs", "path", "a", "--where", "seed=4", "--runs", runs).out == f"{runs}/a-4444\n"
    assert genlab("runs", "path", "--where", "status=failed", "--runs", runs).out == f"{runs}/c-3333\n"


def test_without_a_target_nothing_is_shown_by_mistake(runs):
    for verb in ("show", "path", "diff"):
        refused(genlab("runs", verb, "--runs", runs), 2, "which runs?", "--where")


def test_a_condition_that_fits_nothing_is_told_with_the_values_that_there_are(runs):
    refused(genlab("runs", "path", "--where", "seed=9", "--runs", runs), 2, "fits seed=9; seed is 0")
    refused(genlab("runs", "path", "a", "--where", "sede=9", "--runs", runs), 2, "'sede'; did you mean seed?")


def test_the_last_run_is_the_one_that_was_started_last(runs):
    made_up_run(runs, "a", "5555", started="2026-01-02T00:00:00+00:00")
    made_up_run(runs, "a", "4444", started="2026-01-01T23:59:59+00:00")
    made_up_run(runs, "b", "6666", started="2026-01-02T01:00:00+02:00")
    assert genlab("runs", "path", "--last", "--runs", runs).out == f"{runs}/a-5555\n", "at Greenwich b was earlier"
    assert genlab("runs", "path", "a", "--last", "--runs", runs).out == f"{runs}/a-5555\n"
    refused(genlab("runs", "path", "--last", "--runs", runs / "none"), 2, "there are no runs in")


def test_a_damaged_run_fits_no_condition_and_is_told(runs):
    (runs / "b-2222" / "status.json").write_text("{")
    found = genlab("runs", "path", "--where", "seed=0", "--runs", runs)
    assert found.out.split() == [f"{runs}/a-1111", f"{runs}/c-3333"]
    assert "b-2222/status.json: damaged" in found.err


def test_diff_of_several_runs_has_a_column_a_run(runs):
    made_up_run(runs, "a", "4444", config={"seed": 4}, final={})
    rows = json.loads(genlab("runs", "diff", "1111", "2222", "4444", "--runs", runs, "--json").out)
    values = {row["key"]: row["values"] for row in rows}
    assert values["name"] == {"1111": "a", "2222": "b", "4444": "a"}
    assert values["final.test_error"] == {"1111": 0.25, "2222": 0.125, "4444": None}
    assert all("A" not in row for row in rows)
    header, *_ = genlab("runs", "diff", "a", "--runs", runs).out.splitlines()
    assert header.split() == ["key", "1111", "4444"]
    header, *_ = genlab("runs", "diff", "--where", "status=finished", "--runs", runs).out.splitlines()
    assert header.split() == ["key", "1111", "4444", "2222"]


def test_diff_of_two_has_the_keys_that_it_had(runs):
    rows = json.loads(genlab("runs", "diff", "a", "b", "--runs", runs, "--json").out)
    assert {"key": "final.test_error", "A": 0.25, "B": 0.125, "values": {"1111": 0.25, "2222": 0.125}} in rows


def test_diff_takes_no_name_of_several_for_one_of_two(runs):
    made_up_run(runs, "a", "4444", config={"seed": 4, "data.name": "digits"})
    found = genlab("runs", "diff", "a", "b", "--runs", runs)
    assert found.code == 2
    assert found.err.splitlines()[0] == "genlab: a: names 2 runs; give the id of one:"
    assert "seed=4" in found.err.splitlines()[2]
    refused(genlab("runs", "diff", "b", "--runs", runs), 2, "b: names one run (b-2222)")


MEASURES = "measure,layer,value,unit,standard_error,residual,iterations,samples,converged,options,seconds,reason\n"


def measured(run, *rows):
    (run / "measures.csv").write_text(MEASURES + "".join(f"{m},,{v},1,,,,,,{o},0.1,\n" for m, v, o in rows))


@pytest.fixture
def with_measures(runs):
    options = '"{""alpha"":0.1,""side"":""in""}"'
    measured(runs / "a-1111", ("margin", 3.5, ""), ("sharpness", 1.5, options))
    measured(runs / "b-2222", ("margin", 2.5, ""))
    return runs


def test_measures_are_columns_conditions_and_orders_of_a_list(with_measures):
    column = "measure.sharpness[alpha=0.1,side=in]"
    found = genlab("runs", "ls", "--columns", f"name,measure.margin,{column}", "--runs", with_measures, "--csv")
    assert found.out.splitlines() == [f'name,measure.margin,"{column}"', "a,3.5,1.5", "b,2.5,", "c,,"]
    ls = ("runs", "ls", "--runs", with_measures, "--columns", "name")
    assert genlab(*ls, "--where", "measure.margin<3").out.split() == ["name", "b"]
    assert genlab(*ls, "--where", f"{column}>=1.5").out.split() == ["name", "a"]
    assert genlab(*ls, "--sort", "margin").out.split() == ["name", "b", "a", "c"]
    found = genlab("runs", "ls", "--columns", "+measure.*", "--runs", with_measures, "--csv")
    assert found.out.splitlines()[0].endswith(f',measure.margin,"{column}"')
    assert genlab("runs", "ls", "--columns", "margin", "--runs", with_measures).out.split() == ["margin", "3.5", "2.5"]


def test_a_measure_that_no_run_has_is_told_with_the_nearest(with_measures):
    ls = ("runs", "ls", "--runs", with_measures)
    for asked in (("--columns", "measure.magrin"), ("--sort", "-measure.magrin"), ("--where", "measure.magrin<3")):
        refused(genlab(*ls, *asked), 2, "no run has a column 'measure.magrin'; did you mean measure.margin?")
    refused(genlab(*ls, "--columns", "magrin"), 2, "did you mean margin?")


def test_damaged_measures_are_a_line_and_a_row_without_them(with_measures):
    (with_measures / "b-2222" / "measures.csv").write_text(MEASURES + "margin,,x")
    found = genlab("runs", "ls", "--columns", "name,margin", "--runs", with_measures, "--csv")
    assert found.code == 0
    assert found.out.splitlines() == ["name,measure.margin", "a,3.5", "b,", "c,"]
    assert "b-2222/measures.csv:2: damaged" in found.err
    assert genlab("runs", "ls", "--runs", with_measures).err == "", "nobody asked for measures, so none are read"


@pytest.mark.parametrize("width", [80, 200])
def test_on_a_terminal_the_usual_list_has_whole_headers_and_no_line_too_long(width, tmp_path, monkeypatch):
    for index in range(4):
        config = {"seed": index % 2, "data.name": "cifar10", "data.labels.corruption": index / 4}
        config |= {"model.name": "mlp", "model.widths": [512] * (1 + index), "training.batch_size": 32 + index}
        final = {"epoch": 100, "train_error": 0.123456, "test_error": 0.654321}
        times = {"started": "2026-01-02T00:00:00+00:00"}
        made_up_run(tmp_path, "cifar10-mlp", f"{index}" * 12, config=config, final=final, **times)
    lines = on_terminal(monkeypatch, width, "runs", "ls", "--runs", tmp_path)
    assert max(map(len, lines)) <= width
    words = {word for line in lines[:2] for word in line.split()}
    assert {"id", "status", "corruption", "seed"} <= words
    assert "all: name cifar10-mlp, data cifar10, model mlp" in lines
    assert all(any("".join([str(i)] * 12) in line and "0.6543" in line for line in lines) for i in range(4))
    if width == 80:
        assert lines[-1].startswith("too wide to show: ")
    else:
        assert "test_error" in words
        assert "started" in words


def test_many_runs_are_compared_in_blocks_on_a_narrow_terminal(runs, monkeypatch):
    for seed in range(10):
        made_up_run(runs, "many", f"{seed}" * 12, config={"seed": seed})
    lines = on_terminal(monkeypatch, 80, "runs", "diff", "many", "--runs", runs)
    headers = [line.split() for line in lines if line.startswith("key")]
    assert len(headers) > 1
    assert [name for header in headers for name in header[1:]] == [f"{seed}" * 12 for seed in range(10)]
    assert max(map(len, lines)) <= 80


def on_terminal(monkeypatch, width, *arguments):
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    genlab(*arguments, out=terminal)
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()]


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
