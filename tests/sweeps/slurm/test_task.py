"""A task of the array: what it finishes, what it waits for, and what signals make of it."""

import dataclasses
import json
import os
import signal
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from genlab.measures.computing.registry import MEASURES
from genlab.rundir.locks import locked
from genlab.rundir.provenance import read_provenance
from genlab.rundir.status import read_status
from genlab.rundir.tables import read_table
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.file.passes import sweep_passes, sweep_plan
from genlab.sweeps.plan import DONE, RUNNING
from genlab.sweeps.slurm import task as slurm_task
from genlab.sweeps.slurm.task import SIGNALS, run_cell
from tests.sweeps.slurm.examples import FOUR_CELLS, ROOT, stand_ins, write_sweep

ENDLESS = FOUR_CELLS.replace("epochs: 3", "epochs: 100000000")


@pytest.fixture(autouse=True)
def _signals_as_before():
    handlers = {name: signal.getsignal(getattr(signal, name)) for name in SIGNALS}
    yield
    for name, handler in handlers.items():
        signal.signal(getattr(signal, name), handler)


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """What scontrol is asked in a job, the last task of array 12."""
    here = stand_ins(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(here), prepend=os.pathsep)
    for name, value in {"SLURM_JOB_ID": "12", "SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SLURM_RESTART_COUNT", raising=False)
    log = here / "scontrol.asked"
    return lambda: log.read_text().splitlines() if log.exists() else []


class Task:
    """The first cell of a small sweep."""

    def __init__(self, folder, text=FOUR_CELLS):
        self.folder, self.runs = folder, folder / "runs"
        self.file = write_sweep(folder, text)

    @property
    def planned(self):
        sweep = load_sweep(str(self.file), "smoke")
        return sweep_plan(sweep, sweep_passes(sweep), runs=self.runs, data_dir=self.folder)[0]

    def run(self, *, snapshot=ROOT, identity=None, requeues=5):
        identity = identity or self.planned.run.run_id
        places = str(self.runs), str(self.folder)
        run_cell(str(snapshot), str(self.file), "smoke", [], 0, identity, *places, None, requeues)

    def exit_code(self, **changes):
        with pytest.raises(SystemExit) as ended:
            self.run(**changes)
        return ended.value.code


@contextmanager
def meanwhile(action):
    """Runs an action in a thread beside the block."""
    thread = threading.Thread(target=action)
    thread.start()
    yield
    thread.join()


def when(condition, action):
    """An action for `meanwhile`: once the condition holds."""

    def wait():
        deadline = time.monotonic() + 30
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        action()

    return wait


def test_a_cell_is_trained_measured_and_compressed(tmp_path):
    task = Task(tmp_path)
    task.run()
    assert task.planned.state == DONE
    assert read_table(task.planned.run.measures)
    assert read_table(task.planned.run.compression)


def test_a_cell_that_is_done_is_left_alone(tmp_path):
    task = Task(tmp_path)
    task.run()
    task.run()
    assert len(read_provenance(task.planned.run)["attempts"]) == 1


def test_code_that_is_not_of_the_snapshot_is_refused(tmp_path, capsys):
    assert Task(tmp_path).exit_code(snapshot=tmp_path) == 2
    assert f"genlab comes from {ROOT}" in capsys.readouterr().err


def test_images_that_have_changed_since_are_another_science(tmp_path, capsys):
    assert Task(tmp_path).exit_code(identity="0" * 12) == 2
    assert "have changed since it was submitted; submit the sweep again" in capsys.readouterr().err


def test_the_log_says_which_cell_it_is_and_of_a_run_that_diverges_why_in_one_line(tmp_path, capsys):
    task = Task(tmp_path, FOUR_CELLS.replace("0.05", "1e38"))
    assert task.exit_code() == 1
    which, why = capsys.readouterr().err.splitlines()
    assert which == f"{task.planned.cell.label}: {task.planned.run.path}"
    assert why.startswith(f"genlab: {task.planned.run.path}: ")


def test_it_waits_for_another_process_that_is_at_the_cell(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(slurm_task, "POLL_SECONDS", 0.05)
    task, held, waiting = Task(tmp_path), threading.Event(), []

    def hold():
        with locked(task.runs, identity):
            held.set()
            time.sleep(0.5)
            waiting.append(not task.planned.run.path.exists())

    identity = task.planned.run.run_id
    with meanwhile(hold):
        held.wait()
        task.run()
    assert waiting == [True]
    assert task.planned.state == DONE
    assert "waiting: " in capsys.readouterr().err


def test_what_another_process_finishes_meanwhile_is_not_done_again(tmp_path, monkeypatch):
    monkeypatch.setattr(slurm_task, "POLL_SECONDS", 0.05)
    task, other = Task(tmp_path), Task(tmp_path / "other")
    other.run()
    identity, held = task.planned.run.run_id, threading.Event()

    def finish():
        with locked(task.runs, identity):
            held.set()
            time.sleep(0.3)
            other.planned.run.path.rename(task.planned.run.path)

    with meanwhile(finish):
        held.wait()
        task.run()
    assert task.planned.state == DONE
    assert len(read_provenance(task.planned.run)["attempts"]) == 1


def test_a_cell_whose_process_was_killed_on_another_host_goes_on(tmp_path):
    task = Task(tmp_path)
    task.run()
    run = task.planned.run
    status = json.loads(run.status.read_text())
    run.status.write_text(json.dumps(status | {"status": "running"}))
    run.measures.unlink()
    (task.runs / ".locks" / f"{run.run_id}.json").write_text(
        json.dumps({"pid": 1, "started": 1, "host": socket.gethostname() + "-other"})
    )
    assert task.planned.state == RUNNING, "as far as can be told from here"
    task.run()
    assert task.planned.state == DONE


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2"])
def test_a_signal_before_the_time_limit_saves_and_requeues(name, tmp_path, asked, capsys):
    task = Task(tmp_path, ENDLESS)
    trains = lambda run=task.planned.run: len(read_table(run.history)) > 2  # noqa: E731
    with meanwhile(when(trains, lambda: os.kill(os.getpid(), getattr(signal, name)))):
        assert task.exit_code() == 75
    status = read_status(task.planned.run)
    assert (status["status"], status["reason"]) == ("preempted", name)
    assert task.planned.run.checkpoint.exists()
    assert asked() == ["requeue 12_3"]
    assert capsys.readouterr().err.splitlines()[-1] == f"genlab: stopped ({name}) and requeued"


def test_a_job_that_slurm_takes_away_saves_and_does_not_requeue_itself(tmp_path, asked):
    task = Task(tmp_path, ENDLESS)
    trains = lambda run=task.planned.run: len(read_table(run.history)) > 2  # noqa: E731
    with meanwhile(when(trains, lambda: os.kill(os.getpid(), signal.SIGTERM))):
        assert task.exit_code() == 75
    assert read_status(task.planned.run)["status"] == "preempted"
    assert task.planned.run.checkpoint.exists()
    assert asked() == [], "a cancelled job would come back"


@pytest.mark.parametrize(("name", "requeues"), [("SIGUSR2", ["requeue 12_3"]), ("SIGTERM", [])])
def test_a_signal_while_it_measures_leaves_no_row_that_says_so(name, requeues, tmp_path, asked, monkeypatch):
    def measuring(**_):
        os.kill(os.getpid(), getattr(signal, name))
        time.sleep(30)

    task = Task(tmp_path)
    with monkeypatch.context() as patched:
        slow = dataclasses.replace(MEASURES["log_l2_norm"], function=measuring)
        patched.setitem(MEASURES, "log_l2_norm", slow)
        assert task.exit_code() == 75
    assert asked() == requeues
    assert read_status(task.planned.run)["status"] == "finished"
    assert not task.planned.run.measures.exists()
    task.run()
    assert task.planned.state == DONE


def test_it_is_requeued_a_number_of_times_and_no_more(tmp_path, asked, monkeypatch, capsys):
    monkeypatch.setattr(slurm_task, "_finish", lambda *_: "SIGUSR2")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "4")
    task = Task(tmp_path)
    assert task.exit_code(requeues=5) == 75
    assert task.exit_code(requeues=4) == 75
    assert asked() == ["requeue 12_3"]
    assert "not requeued, since it has been 4 times (slurm.requeues)" in capsys.readouterr().err


def test_a_cluster_that_does_not_requeue_is_said(tmp_path, asked, monkeypatch, capsys):
    (tmp_path / "bin" / "scontrol").write_text("#!/bin/sh\necho Requested operation is disabled >&2; exit 1\n")
    monkeypatch.setattr(slurm_task, "_finish", lambda *_: "SIGUSR2")
    assert Task(tmp_path).exit_code() == 75
    assert "not requeued (Requested operation is disabled); submit the sweep again" in capsys.readouterr().err


def test_later_signals_do_not_disturb_the_end(tmp_path, asked, monkeypatch):
    monkeypatch.setattr(slurm_task, "_finish", lambda *_: "SIGUSR2")
    requeued = slurm_task._requeued
    monkeypatch.setattr(slurm_task, "_requeued", lambda n: (os.kill(os.getpid(), signal.SIGTERM), requeued(n))[1])
    assert Task(tmp_path).exit_code() == 75
    assert asked() == ["requeue 12_3"]


def test_a_job_that_is_no_array_requeues_itself_by_its_own_number(tmp_path, asked, monkeypatch):
    monkeypatch.setattr(slurm_task, "_finish", lambda *_: "SIGUSR2")
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID")
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID")
    assert Task(tmp_path).exit_code() == 75
    assert asked() == ["requeue 12"]
