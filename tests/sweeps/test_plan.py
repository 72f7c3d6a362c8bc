"""How far the cells of a sweep are."""

import json
import os
import shutil

import pytest

from genlab.errors import DataMissingError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.sweeps.file.passes import sweep_passes, sweep_plan
from genlab.sweeps.plan import (
    DONE,
    FAILED,
    MISSING,
    RESUMABLE,
    RUNNING,
    UNMEASURED,
    PlannedCell,
    estimated_seconds,
    existing_directories,
)
from tests.data.examples import write_tree
from tests.sweeps.examples import loaded, planned_cells, states, swept


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    swept(loaded(folder), folder / "runs")
    return folder / "runs"


@pytest.fixture
def runs(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "runs")


def status_is(run, **changes):
    run.status.write_text(json.dumps(json.loads(run.status.read_text()) | changes))


def test_nothing_is_there_before_the_sweep_and_all_is_done_after_it(tmp_path, finished):
    sweep = loaded(tmp_path)
    assert states(sweep, tmp_path / "none") == [MISSING] * 4
    assert states(sweep, finished) == [DONE] * 4


def test_each_state_of_a_run_is_a_state_of_its_cell(tmp_path, runs):
    sweep = loaded(tmp_path)
    first, second, third, fourth = (p.run for p in planned_cells(sweep, runs))
    status_is(first, status="failed", reason="no room")
    status_is(second, status="preempted", reason="SIGTERM")
    status_is(third, status="running", reason="")
    shutil.rmtree(fourth.path)
    assert states(sweep, runs) == [FAILED, RESUMABLE, RESUMABLE, MISSING], "running, and its process was killed"
    with locked(runs, third.run_id):
        assert states(sweep, runs)[2] == RUNNING
    assert [p.reason for p in planned_cells(sweep, runs)] == ["no room", "SIGTERM", "its process was killed", ""]


def test_a_run_without_all_rows_of_the_passes_is_unmeasured(tmp_path, runs):
    more = {"parameter_count]": "parameter_count, weight_count]"}
    assert states(loaded(tmp_path, more), runs) == [UNMEASURED] * 4
    planned_cells(loaded(tmp_path), runs)[1].run.measures.unlink()
    assert states(loaded(tmp_path), runs) == [DONE, UNMEASURED, DONE, DONE]


def test_damaged_files_of_a_run_are_a_failure_with_a_reason_and_no_end_of_the_plan(tmp_path, runs):
    sweep = loaded(tmp_path)
    first, second, third, _ = (p.run for p in planned_cells(sweep, runs))
    first.status.write_text("{")
    second.measures.write_text('measure,options\n"x')
    third.measures.write_text("a,b\n1,2\n")
    planned = planned_cells(sweep, runs)
    assert [p.state for p in planned] == [FAILED, FAILED, FAILED, DONE]
    assert all("damaged" in p.reason for p in planned[:3])


def test_a_run_made_under_another_name_is_the_cell_s_run(tmp_path, runs):
    sweep = loaded(tmp_path)
    run = planned_cells(sweep, runs)[0].run
    run.path.rename(runs / f"by-hand-{run.run_id}")
    assert states(sweep, runs) == [DONE] * 4
    assert planned_cells(sweep, runs)[0].run.path.name == f"by-hand-{run.run_id}"


def test_other_files_among_the_runs_do_no_harm(tmp_path, runs):
    (runs / "notes.txt").write_text("x")
    (runs / ".locks").mkdir(exist_ok=True)
    assert states(loaded(tmp_path), runs) == [DONE] * 4
    assert existing_directories(tmp_path / "none") == {}


def test_the_time_left_is_that_of_the_cells_that_are_done_for_each_that_is_not(tmp_path):
    cell, run = loaded(tmp_path).cells[0], RunDirectory(tmp_path)
    planned = [
        PlannedCell(cell, run, DONE, seconds=10.0),
        PlannedCell(cell, run, DONE, seconds=20.0),
        PlannedCell(cell, run, MISSING),
        PlannedCell(cell, run, RESUMABLE),
        PlannedCell(cell, run, FAILED),
    ]
    assert estimated_seconds(planned) == 30.0
    assert estimated_seconds(planned[2:]) is None


def test_a_plan_reads_the_seconds_of_finished_runs(tmp_path, runs):
    run = planned_cells(loaded(tmp_path), runs)[0].run
    status_is(run, seconds=90.5)
    assert planned_cells(loaded(tmp_path), runs)[0].seconds == 90.5


def test_a_run_whose_status_has_no_seconds_took_from_start_to_stop(tmp_path, runs):
    run = planned_cells(loaded(tmp_path), runs)[0].run
    status_is(run, seconds=None, started="2026-01-01T00:00:00+00:00", stopped="2026-01-01T00:01:30+00:00")
    assert planned_cells(loaded(tmp_path), runs)[0].seconds == 90.0


def test_folders_of_images_are_fingerprinted_once_a_plan(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("genlab.data.build.data_fingerprint", lambda data, _: asked.append(data.path) or "content")
    sweep = loaded(tmp_path, None, "data.name=image_folder", "data.path=mine")
    assert states(sweep, tmp_path / "runs") == [MISSING] * 4
    assert asked == ["mine"]


def test_a_folder_of_images_that_is_missing_fails_its_cells_until_it_is_there(tmp_path):
    base = {"name: digits": "name: image_folder, test_fraction: 0.5", "train_size: 60": "path: here"}
    sweep, data = (
        loaded(tmp_path, base | {"model.widths: [[4], [8]]": "data.path: [cats, dogs, birds]"}),
        tmp_path / "images",
    )

    def plan():
        return sweep_plan(sweep, sweep_passes(sweep), runs=tmp_path / "runs", data_dir=data)

    with pytest.raises(DataMissingError, match=r"images/cats.*; .*images/dogs.*; .*images/birds"):
        plan()
    write_tree(data / "cats", parts=False)
    assert [p.state for p in plan()] == [MISSING] * 2 + [FAILED] * 4
    assert [("images/dogs" in p.reason, "images/birds" in p.reason) for p in plan()[3:5]] == [
        (True, False),
        (False, True),
    ]
    assert len({p.run.run_id for p in plan()}) == 6
    before = [p.run.run_id for p in plan()]
    write_tree(data / "dogs", per_class=4, parts=False)
    assert [p.state for p in plan()] == [MISSING] * 4 + [FAILED] * 2
    assert [p.run.run_id == old for p, old in zip(plan(), before, strict=True)] == [True] * 2 + [False] * 2 + [True] * 2


def test_planning_changes_no_file(tmp_path, runs):
    before = {path: os.stat(path).st_mtime_ns for path in runs.rglob("*")}
    states(loaded(tmp_path), runs)
    assert {path: os.stat(path).st_mtime_ns for path in runs.rglob("*")} == before


@pytest.mark.parametrize("name", ["final.safetensors", "history.csv"])
def test_a_cell_whose_run_has_lost_a_file_is_not_done_and_is_made_good(tmp_path, runs, name):
    sweep = loaded(tmp_path)
    first = planned_cells(sweep, runs)[0]
    content = (first.run.path / name).read_bytes()
    (first.run.path / name).unlink()
    planned = planned_cells(sweep, runs)
    assert [p.state for p in planned] == [RESUMABLE, DONE, DONE, DONE]
    assert planned[0].reason == f"{name} of the finished run is gone"
    swept(sweep, runs)
    assert states(sweep, runs) == [DONE] * 4
    assert (first.run.path / name).read_bytes() == content
