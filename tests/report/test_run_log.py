"""What a run has done so far, in lines."""

import json

import pytest

from genlab.errors import GenlabError
from genlab.report.run_log import follow, lines_of, log_as_dict, read_log
from genlab.rundir import status as status_module
from genlab.rundir.columns import HISTORY_COLUMNS, TIMING_COLUMNS
from genlab.rundir.history import GrowingTable
from tests.rundir.examples import made_up_run

START = {"versions": {"genlab": "0.1.0", "torch": "2.6"}, "argv": ["/x/genlab/__main__.py", "train", "a"]}
AT = "2026-01-01T10:00:0{}+00:00"


class Run:
    """A run whose files are written as training writes them."""

    def __init__(self, runs, name="a", run_id="0123456789ab"):
        self.directory = made_up_run(runs, name, run_id, state="running", reason="", final={})
        self.attempts = []
        self.history = GrowingTable(self.directory.history, HISTORY_COLUMNS)
        self.timing = GrowingTable(self.directory.timing, TIMING_COLUMNS)
        self.history.start()
        self.timing.start()

    def start(self, **more):
        self.attempts.append({"start": AT.format(len(self.attempts)), "stop": None, "outcome": None} | START | more)
        self._attempts()
        self.state("running")

    def epoch(self, number):
        self.timing.append({"epoch": number, "step": number, "seconds": 1.0, "images_per_second": 1234.5})
        row = {"train_loss": 1 / (1 + number), "train_error": 0.5, "test_loss": 2.0, "test_error": 0.25}
        self.history.append({"epoch": number, "step": number} | row)

    def end(self, state, reason):
        self.attempts[-1] |= {"stop": AT.format(9), "outcome": f"{state}: {reason}"}
        self._attempts()
        self.state(state, reason)

    def state(self, state, reason=""):
        path = self.directory.status
        path.write_text(json.dumps(json.loads(path.read_text()) | {"status": state, "reason": reason}))

    def _attempts(self):
        execution = {"device": "cpu", "threads": 1, "compile": False, "evaluation_batch": 256}
        self.directory.provenance.write_text(json.dumps({"execution": execution, "attempts": self.attempts}))


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(status_module, "is_held", lambda runs, run_id: True)
    return Run(tmp_path)


def in_turn(steps):
    """Does the next thing each time that it is called."""

    def step():
        next(steps)()

    return step


EPOCH_1 = "epoch   1  train loss 0.5 error 50.00%   test loss 2 error 25.00%     1,234 img/s"


def test_it_is_its_start_its_epochs_and_its_end(run):
    run.start()
    run.epoch(1)
    assert list(lines_of(read_log(run.directory))) == [
        "2026-01-01 10:00:00 UTC  started on cpu (genlab 0.1.0, torch 2.6): genlab train a",
        EPOCH_1,
    ]
    run.end("finished", "3 epochs")
    assert list(lines_of(read_log(run.directory)))[2:] == ["2026-01-01 10:00:09 UTC  finished: 3 epochs"]


def test_earlier_attempts_are_told_before_the_epochs_and_that_it_was_one_of_many(run):
    run.start()
    run.epoch(1)
    run.end("preempted", "SIGTERM")
    run.start(together=12)
    run.start()
    lines = list(lines_of(read_log(run.directory)))
    assert [line.partition("UTC  ")[2].partition(" (")[0] for line in lines[:-1]] == [
        "started on cpu",
        "preempted: SIGTERM",
        "attempt 2 started on cpu, 12 nets together",
        "",
        "attempt 3 started on cpu",
    ]
    assert lines[3] == "its process was killed"
    assert lines[-1] == EPOCH_1


def test_of_many_epochs_the_last_ones_can_be_asked_for(run):
    for number in range(4):
        run.epoch(number)
    lines = list(lines_of(read_log(run.directory), last=1))
    assert lines[0] == "(3 epochs before are left out)"
    assert lines[1].startswith("epoch   3 ")
    assert [row["epoch"] for row in log_as_dict(run.directory, read_log(run.directory), last=2)["epochs"]] == [2, 3]


def test_a_line_that_is_being_written_is_not_there_yet_and_one_that_is_damaged_is_told(run):
    run.epoch(1)
    with run.directory.history.open("a") as file:
        file.write("2,2,0.1,0.")
    assert list(lines_of(read_log(run.directory))) == [EPOCH_1]
    with run.directory.history.open("a") as file:
        file.write("x\n")
    with pytest.raises(GenlabError, match=r"history.csv:3: damaged"):
        read_log(run.directory)


def test_a_run_without_provenance_and_history_has_its_state(tmp_path):
    directory = made_up_run(tmp_path, state="failed", reason="no room")
    directory.history.unlink()
    assert list(lines_of(read_log(directory))) == ["failed: no room"]


def test_following_tells_what_is_new_until_the_run_has_ended(run):
    run.start()
    run.epoch(1)
    said, steps = (
        [],
        iter(
            [
                lambda: None,
                lambda: run.epoch(2),
                lambda: run.end("finished", "3 epochs"),
            ]
        ),
    )
    (log,) = follow([run.directory], lambda _, line: said.append(line), in_turn(steps))
    assert log.status["status"] == "finished"
    assert [line.split()[0] for line in said] == ["2026-01-01", "epoch", "epoch", "2026-01-01"]
    assert said[-1].endswith("finished: 3 epochs")


def test_following_sees_a_run_that_is_resumed_before_its_last_epochs(run):
    run.start()
    for number in (1, 2, 3):
        run.epoch(number)

    def resumed():
        run.history.cut_back(1)
        run.start()

    said, steps = [], iter([resumed, lambda: run.epoch(2), lambda: run.end("failed", "it diverged")])
    follow([run.directory], lambda _, line: said.append(line), in_turn(steps))
    words = [line.partition("UTC  ")[2].partition(" (")[0] or " ".join(line.split()[:2]) for line in said]
    assert words[4:] == ["its process", "attempt 2 started on cpu", "goes on", "epoch 2", "failed: it diverged"]
    assert "goes on after epoch 1" in said


def test_several_are_followed_until_the_last_has_ended(run, tmp_path):
    other = Run(tmp_path, "b", "ba9876543210")
    said, steps = [], iter([lambda: other.state("finished", "3 epochs"), lambda: run.state("interrupted", "Ctrl-C")])
    logs = follow([run.directory, other.directory], lambda one, line: said.append((one.name, line)), in_turn(steps))
    assert [log.status["status"] for log in logs] == ["interrupted", "finished"]
    assert said == [("b", "finished: 3 epochs"), ("a", "interrupted: Ctrl-C")]


def test_a_run_that_is_removed_meanwhile_is_an_error(run):
    with pytest.raises(GenlabError, match="not a run directory"):
        follow([run.directory], lambda _, line: None, run.directory.status.unlink)
