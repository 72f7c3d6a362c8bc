"""One row of a run, the same wherever runs are rows."""

import pytest

import genlab
from genlab.errors import GenlabError
from genlab.rundir.columns import MEASURE_COLUMNS, MEASURE_KEY
from genlab.rundir.listing import list_runs
from genlab.rundir.rows import measure_values, run_head, run_row, unconverged_measures, without_clock
from genlab.rundir.status import read_status
from genlab.rundir.tables import replace_rows
from tests.rundir.examples import made_up_run

CONFIG = {"seed": 3, "model.widths": [512], "data.subset": None}


def measured(run, *rows):
    replace_rows(run.measures, MEASURE_COLUMNS, rows, MEASURE_KEY)


@pytest.fixture
def run(tmp_path):
    run = made_up_run(tmp_path, config=CONFIG, final={"epoch": 3, "test_error": 0.25}, seconds=1.5)
    measured(
        run,
        {"measure": "norm", "value": 2.5},
        {"measure": "norm", "value": 9.0, "epoch": 1},
        {"measure": "norm", "value": 3.5, "options": '{"p":2}'},
        {"measure": "layered", "layer": "1", "value": 4.0},
        {"measure": "curve", "reason": "table"},
        {"measure": "margin", "reason": "the margin is not positive"},
    )
    return run


def test_measures_are_those_of_the_whole_net_as_it_ended(run):
    expected = {"measure.norm": 2.5, "measure.norm[p=2]": 3.5, "measure.margin": None}
    assert measure_values(run) == expected


def test_values_that_say_that_they_have_not_converged_are_named_by_column(run):
    assert unconverged_measures(run) == ()
    measured(
        run,
        {"measure": "norm", "value": 2.5, "converged": True},
        {"measure": "norm", "value": 9.0, "epoch": 1, "converged": False},
        {"measure": "norm", "value": 3.5, "options": '{"p":2}', "converged": False},
        {"measure": "layered", "layer": "1", "value": 4.0, "converged": False},
        {"measure": "margin", "reason": "the margin is not positive", "converged": False},
    )
    assert unconverged_measures(run) == ("measure.norm[p=2]",)


def test_a_row_is_status_then_config_then_errors_then_measures(run):
    row = run_row(read_status(run), run)
    assert list(row) == [
        *("id", "name", "status", "reason", "seconds", "seed", "model.widths", "data.subset"),
        *("final.epoch", "final.test_error", "measure.norm", "measure.norm[p=2]", "measure.margin"),
    ]
    assert (row["final.test_error"], row["measure.norm"]) == (0.25, 2.5)


@pytest.mark.parametrize(("widths", "cell"), [([512], 512), ([512, 256], "[512, 256]"), ([], "[]"), (7, 7)])
def test_a_list_is_one_cell(widths, cell):
    assert run_head({"config": {"model.widths": widths}}) == {"model.widths": cell}


def test_without_a_run_no_file_is_read(run):
    run.measures.write_text("broken")
    assert "measure.norm" not in run_row(read_status(run))
    with pytest.raises(GenlabError, match=r"measures.csv"):
        run_row(read_status(run) | {"status": "finished"}, run)


def test_a_run_at_work_has_no_errors_and_measures_yet(run):
    row = run_row(read_status(run) | {"status": "running"}, run)
    assert not [key for key in row if key.startswith(("final.", "measure."))]


def test_what_two_equal_runs_have_in_common_knows_no_clock_and_no_place(run):
    assert set(without_clock(read_status(run) | {"path": "x"})) == {"id", "status", "reason", "config", "final"}


def test_a_run_has_one_row_in_lists_and_in_python(run):
    row = run_row(read_status(run) | {"path": str(run.path)}, run)
    (listed,) = list_runs(run.path.parent).rows
    assert listed == {key: value for key, value in row.items() if not key.startswith("measure.")}
    (loaded,) = genlab.load_runs(run.path.parent).to_dict("records")
    assert loaded == row


HISTORY = "epoch,step,learning_rate,train_loss,train_error,train_error_clean,train_error_corrupted,test_loss,test_error"


@pytest.mark.parametrize("state", ["running", "interrupted", "preempted"])
def test_in_a_list_an_unfinished_run_has_the_errors_of_its_last_whole_row(tmp_path, monkeypatch, state):
    monkeypatch.setattr("genlab.rundir.status.is_held", lambda runs, run_id: True)
    run = made_up_run(tmp_path, state=state, final={"epoch": 1, "test_error": 0.9})
    run.history.write_text(f"{HISTORY}\n1,4,0.1,2.0,0.5,,,2.0,0.9\n2,8,0.1,1.0,0.25,,,inf,0.5\n3,12,0.1,0.5,0.1")
    (row,) = list_runs(tmp_path).rows
    assert row["status"] == state
    assert {key: row[key] for key in row if key.startswith("final.")} == {
        "final.epoch": 2,
        "final.step": 8,
        "final.learning_rate": 0.1,
        "final.train_loss": 1.0,
        "final.train_error": 0.25,
        "final.test_error": 0.5,
    }
    assert genlab.load_runs(tmp_path)["final.test_error"].tolist() == [0.5]


def test_in_results_nothing_of_a_running_run_is_taken_for_a_result(tmp_path, monkeypatch):
    monkeypatch.setattr("genlab.rundir.status.is_held", lambda runs, run_id: True)
    run = made_up_run(tmp_path, state="running", final={})
    run.history.write_text(f"{HISTORY}\n1,4,0.1,2.0,0.5,,,2.0,0.9\n")
    assert not [key for key in run_row(without_clock(read_status(run)), run) if key.startswith("final.")]


@pytest.mark.parametrize("damage", ["", "epoch\n", f"{HISTORY}\n1,2\n", f"{HISTORY}\nx,4,0.1,2,0.5,,,2,0.9\n", "\0"])
def test_an_unfinished_run_with_a_damaged_history_keeps_the_errors_of_its_status(tmp_path, damage):
    run = made_up_run(tmp_path, state="preempted", final={"epoch": 1, "test_error": 0.9})
    run.history.write_text(damage)
    (row,) = list_runs(tmp_path).rows
    assert (row["final.epoch"], row["final.test_error"]) == (1, 0.9)
