"""The state of a run in one small file."""

import json
import os
import socket

import pytest

from genlab.errors import GenlabError, UsageError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.status import all_statuses, dotted, read_status, write_status
from tests.rundir.examples import made_up_run


def test_a_status_is_read_as_it_was_written(tmp_path):
    run = RunDirectory(tmp_path / "a-b-0123")
    run.path.mkdir()
    write_status(run, "failed", reason="no room", config={"seed": 3}, final={"epoch": 2}, started="now")
    assert read_status(run) == {
        "id": "0123",
        "name": "a-b",
        "status": "failed",
        "reason": "no room",
        "final": {"epoch": 2},
        "started": "now",
        "config": {"seed": 3},
    }


def test_what_json_has_no_number_for_is_left_out(tmp_path):
    """A net whose test loss has overflowed still gets its status."""
    run = made_up_run(tmp_path, final={"epoch": 1, "test_loss": float("inf"), "train_loss": float("nan"), "a": 0.5})
    assert read_status(run)["final"] == {"epoch": 1, "a": 0.5}


def test_a_run_that_somebody_is_at_work_on_is_running(tmp_path):
    run = made_up_run(tmp_path, state="running", reason="")
    with locked(tmp_path, run.run_id):
        assert read_status(run)["status"] == "running"


def test_a_run_whose_process_was_killed_is_interrupted(tmp_path):
    run = made_up_run(tmp_path, state="running", reason="")
    assert (read_status(run)["status"], read_status(run)["reason"]) == ("interrupted", "its process was killed")
    (tmp_path / ".locks").mkdir()
    gone = {"pid": 2**22 + 1, "started": 1, "host": socket.gethostname()}
    (tmp_path / ".locks" / f"{run.run_id}.json").write_text(json.dumps(gone))
    assert read_status(run)["status"] == "interrupted"
    assert json.loads(run.status.read_text())["status"] == "running", "reading changes nothing"


@pytest.mark.parametrize("state", ["pending", "finished", "failed", "interrupted", "preempted"])
def test_a_run_that_has_ended_stays_what_it_is(tmp_path, state):
    assert read_status(made_up_run(tmp_path, state=state))["status"] == state


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"3",
        b"{}",
        b'{"id": "a", "status": "finished"}',
        b'{"id": "a", "status": "finished", "reason": "", "config": 3, "final": {}}',
        b'{"id": "a", "status": "finished", "reason": "", "config": {}, "final": null}',
    ],
)
def test_a_damaged_status_is_one_line_with_a_remedy(tmp_path, content):
    run = made_up_run(tmp_path)
    run.status.write_bytes(content)
    with pytest.raises(GenlabError) as error:
        read_status(run)
    assert str(error.value).startswith(f"{run.status}: damaged (")
    assert str(error.value).endswith(f"; remove it, and `genlab train {run.path}` makes it anew")
    assert "\n" not in str(error.value)


def test_what_is_no_run_directory_says_so(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(GenlabError, match=r"not a run directory \(it has no status.json\)"):
            read_status(RunDirectory(path))


def test_a_damaged_run_does_not_hide_the_others(tmp_path):
    runs = [made_up_run(tmp_path, name) for name in ("c", "a", "b")]
    runs[2].status.write_text("{")
    (tmp_path / "notes").mkdir()
    (tmp_path / "demo.png").touch()
    (tmp_path / ".locks").mkdir()
    statuses, damaged = all_statuses(tmp_path)
    assert [status["name"] for status in statuses] == ["a", "c"]
    assert [status["path"] for status in statuses] == [str(runs[1].path), str(runs[0].path)]
    assert len(damaged) == 1
    assert "b-0123456789ab/status.json: damaged" in damaged[0]


def test_a_directory_of_runs_that_is_not_there_yet_has_none(tmp_path):
    assert all_statuses(tmp_path / "runs") == ([], [])


def test_a_file_in_place_of_the_directory_of_runs_is_told(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(UsageError, match="runs: is a file, not a directory of runs; give that one with --runs"):
        all_statuses(tmp_path / "runs")


def test_dotted_keys():
    assert dotted({"a": 1, "b": {"c": [1, {"d": 2}], "e": {"f": None}}, "g": {}}) == {
        "a": 1,
        "b.c": [1, {"d": 2}],
        "b.e.f": None,
    }


def test_a_status_is_never_half_written(tmp_path):
    run = made_up_run(tmp_path)
    assert sorted(os.listdir(run.path)) == ["history.csv", "status.json"]


def status_with(**changes):
    return json.dumps({"status": "finished", "id": "x", "reason": "", "config": {}, "final": {}} | changes)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"status": ' + "[" * 100_000,
        status_with(final={"a": float("nan")}),
        status_with(final={"a": float("inf")}),
        status_with(status=["finished"]),
    ],
    ids=["nested", "nested within", "not a number", "infinite", "a list for a word"],
)
def test_one_run_with_a_broken_status_hides_no_other(tmp_path, text):
    made_up_run(tmp_path, "a", "1" * 12)
    broken = made_up_run(tmp_path, "b", "2" * 12)
    broken.status.write_text(text)
    statuses, damaged = all_statuses(tmp_path)
    assert [status["name"] for status in statuses] == ["a"]
    (line,) = damaged
    assert line.startswith(f"{broken.status}: damaged (")
    assert "\n" not in line


def test_a_number_too_large_for_any_is_damage(tmp_path):
    run = made_up_run(tmp_path)
    run.status.write_text(run.status.read_text().replace("0.05", "1e999"))
    with pytest.raises(GenlabError, match=r"status\.json: damaged \(1e999 is no number of JSON\)"):
        read_status(run)
