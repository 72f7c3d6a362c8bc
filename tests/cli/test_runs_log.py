"""`genlab runs log`."""

import json

import pytest

from genlab.cli import runs_log as module
from genlab.signals import Signalled
from tests.cli.command import genlab, refused
from tests.rundir.examples import made_up_run


def log(runs, *arguments):
    return genlab("runs", "log", *arguments, "--runs", runs)


def test_a_finished_run_is_told_from_its_start_to_its_end(runs):
    said = log(runs, "tiny")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert "started on cpu" in lines[0]
    assert [line.split()[:2] for line in lines[1:-1]] == [["epoch", "0"], ["epoch", "1"]]
    assert "finished: 1 epochs" in lines[-1]


def test_lines_of_several_runs_begin_with_the_run_and_a_name_is_all_of_its_runs(runs):
    made_up_run(runs, "half", "beef0000", state="failed", reason="no room")
    said = log(runs, "half")
    assert [line.partition(": ")[0] for line in said.out.splitlines() if "epoch" not in line] == [
        "half-abcd",
        "half-beef0000",
    ]


def test_json_has_the_attempts_and_the_epochs(runs):
    (one,) = json.loads(log(runs, "tiny", "--json", "--tail", 1).out)
    assert one["status"] == "finished"
    assert [row["epoch"] for row in one["epochs"]] == [1]
    assert len(one["attempts"]) == 1


@pytest.mark.parametrize(("state", "code"), [("finished", 0), ("failed", 1), ("preempted", 75), ("interrupted", 130)])
def test_following_ends_as_the_run_did(tmp_path, state, code):
    made_up_run(tmp_path, state=state, reason="so")
    said = log(tmp_path, "a", "--follow")
    assert (said.code, said.err) == (code, "")
    assert said.out.splitlines()[-1] == f"{state}: so"


def test_of_several_one_that_failed_counts_first(tmp_path):
    for number, state in enumerate(("finished", "preempted", "failed")):
        made_up_run(tmp_path, "a", f"000{number}", state=state, reason="so")
    assert log(tmp_path, "a", "--follow").code == 1


def test_ctrl_c_leaves_without_a_word_and_a_signal_to_end_is_told(tmp_path, monkeypatch):
    made_up_run(tmp_path, state="pending", reason="")
    for error, code, err in (
        (KeyboardInterrupt(), 130, ""),
        (Signalled("SIGTERM"), 130, "genlab: interrupted\n"),
    ):

        def interrupted(seconds, error=error):
            raise error

        monkeypatch.setattr(module.time, "sleep", interrupted)
        said = log(tmp_path, "a", "--follow")
        assert (said.code, said.err) == (code, err)


def test_a_run_that_is_not_there_is_told(runs):
    refused(log(runs, "nothing"), 2, "nothing", "no run")
    refused(log(runs / "empty", "tiny"), 2, "no run")
