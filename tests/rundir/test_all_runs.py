"""All runs as one table, from Python."""

import math

import pandas as pd
import pytest

import genlab
from genlab.errors import UsageError
from genlab.rundir.all_runs import load_runs
from tests.rundir.examples import made_up_run

MEASURES = "measure,layer,value,unit,standard_error,residual,iterations,samples,converged,options,seconds,reason\n"


def test_all_runs_are_one_table_and_a_damaged_one_is_warned_of(tmp_path):
    made_up_run(tmp_path, "a", "1111", final={"test_error": 0.25})
    made_up_run(tmp_path, "b", "2222", state="failed", reason="diverged", final={})
    made_up_run(tmp_path, "c", "3333").status.write_text("{")
    with pytest.warns(UserWarning, match=r"c-3333/status\.json: damaged"):
        table = genlab.load_runs(tmp_path)
    assert isinstance(table, pd.DataFrame)
    assert list(table["name"]) == ["a", "b"]
    assert list(table["status"]) == ["finished", "failed"]
    assert table["final.test_error"][0] == 0.25
    assert math.isnan(table["final.test_error"][1])
    assert table["data.labels.corruption"][0] == 0.0
    assert table["path"][0] == str(tmp_path / "a-1111")


def test_measures_are_columns_unless_they_are_left_out(tmp_path):
    made_up_run(tmp_path, "a", "1111").measures.write_text(MEASURES + "margin,,2.5,1,,,,,,,0.1,\n")
    made_up_run(tmp_path, "b", "2222")
    table = load_runs(tmp_path)
    assert table["measure.margin"][0] == 2.5
    assert math.isnan(table["measure.margin"][1])
    assert "measure.margin" not in load_runs(tmp_path, measures=False)


def test_damaged_measures_are_warned_of_and_the_row_is_without_them(tmp_path):
    made_up_run(tmp_path, "a", "1111").measures.write_text(MEASURES + "margin,,2.5,1,,,,,,,0.1,\n")
    made_up_run(tmp_path, "b", "2222").measures.write_text("measure,val")
    with pytest.warns(UserWarning, match=r"b-2222/measures\.csv:1: damaged"):
        table = load_runs(tmp_path)
    assert table["measure.margin"].notna().tolist() == [True, False]


def test_the_directory_is_that_of_the_environment_where_none_is_given(tmp_path, monkeypatch):
    made_up_run(tmp_path / "mine", "a", "1111")
    monkeypatch.setenv("GENLAB_RUNS", str(tmp_path / "mine"))
    assert list(load_runs()["name"]) == ["a"]


def test_a_directory_without_runs_is_an_error_that_says_where_they_may_be(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere: no such directory; runs lie where"):
        load_runs(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r": holds no runs; `genlab train` makes them"):
        load_runs(tmp_path)
    run = made_up_run(tmp_path / "runs", "a", "1111")
    with pytest.raises(UsageError, match=rf"holds no runs; {tmp_path}/runs does"):
        load_runs(tmp_path)
    with pytest.raises(UsageError, match=rf"is one run; load_run reads it, and load_runs reads {tmp_path}/runs"):
        load_runs(run.path)
    with pytest.raises(UsageError, match=r"status\.json: is a file"):
        load_runs(run.status)
    run.status.write_text("{")
    with pytest.raises(UsageError, match=r"none of its 1 runs can be read: .*a-1111/status\.json: damaged"):
        load_runs(tmp_path / "runs")
