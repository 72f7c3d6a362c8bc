"""Cells in which processes are killed again and again."""

import contextlib
import json
import os
import signal
import threading
import time

import pytest

from genlab.errors import PreemptedError
from genlab.rundir.locks import locked
from genlab.rundir.status import read_status
from genlab.sweeps.plan import DONE, FAILED, MISSING, RESUMABLE
from genlab.sweeps.processes.assignment import assign
from genlab.sweeps.processes.kills import MOST_KILLS, Kills
from tests.sweeps.examples import LONG, loaded, planned_cells, states, swept


@pytest.fixture
def sweep(tmp_path):
    return loaded(tmp_path, LONG)


@pytest.fixture
def begun(tmp_path, sweep):
    """The cells, the first of which was stopped in its training."""
    with pytest.raises(PreemptedError):
        swept(loaded(tmp_path, LONG, "execution.time_budget=0.001"), tmp_path / "runs")
    planned = planned_cells(sweep, tmp_path / "runs")
    assert [p.state for p in planned] == [RESUMABLE, MISSING, MISSING, MISSING]
    return planned


def test_a_cell_is_given_up_at_the_third_kill_and_its_run_says_why(tmp_path, sweep, begun):
    reasons, assigned = {}, assign(tmp_path / "shared", begun)
    kills, first = Kills(assigned, begun, reasons), begun[0].run
    before = json.loads(first.status.read_text())
    for worker in (0, 1):
        assigned.begin(worker, [first.run_id])
        assert kills(worker, "SIGKILL")
    assert (reasons, kills.given_up, assigned.given_up(first.run_id)) == ({}, [], "")
    assigned.begin(0, [first.run_id])
    assert kills(0, "SIGKILL")
    reason = assigned.given_up(first.run_id)
    assert reason.startswith("its process was killed 3 times while at work on it (by SIGKILL); most likely memory ran")
    for remedy in ("fewer --jobs", "training.batch_size", "--only failed"):
        assert remedy in reason
    assert (reasons, kills.given_up) == ({first.run_id: reason}, [first.run_id])
    assert json.loads(first.status.read_text()) == before | {"status": "failed", "reason": reason}
    assert states(sweep, tmp_path / "runs") == [FAILED, MISSING, MISSING, MISSING]


def test_memory_is_blamed_for_no_other_signal(tmp_path, begun):
    reasons, assigned = {}, assign(tmp_path / "shared", begun)
    kills = Kills(assigned, begun, reasons)
    for _ in range(MOST_KILLS):
        assigned.begin(0, [begun[1].run.run_id])
        kills(0, "SIGSEGV")
    (reason,) = reasons.values()
    assert reason == "its process was killed 3 times while at work on it (by SIGSEGV); --only failed tries it again"
    assert not begun[1].run.status.exists(), "a run that was not begun gets no status"


def test_a_process_that_was_at_no_cell_is_told_apart(tmp_path, begun):
    assigned = assign(tmp_path / "shared", begun)
    kills = Kills(assigned, begun, {})
    assert not kills(0, "SIGKILL")
    assigned.begin(0, [begun[0].run.run_id])
    assigned.begin(0, [])
    assert not kills(0, "SIGKILL")


def test_a_run_that_another_process_has_taken_keeps_its_status(tmp_path, begun):
    reasons, assigned = {}, assign(tmp_path / "shared", begun)
    kills, first = Kills(assigned, begun, reasons), begun[0].run
    with locked(tmp_path / "runs", first.run_id):
        for _ in range(MOST_KILLS):
            assigned.begin(0, [first.run_id])
            kills(0, "SIGKILL")
    assert read_status(first)["status"] == "preempted"
    assert list(reasons) == [first.run_id]
    assigned.begin(1, [first.run_id])
    kills(1, "SIGKILL")
    assert read_status(first)["status"] == "failed", "when that process is killed too"


def test_a_finished_run_stays_finished(tmp_path):
    sweep = loaded(tmp_path)
    swept(sweep, tmp_path / "runs")
    planned = planned_cells(sweep, tmp_path / "runs")
    assigned = assign(tmp_path / "shared", planned)
    kills = Kills(assigned, planned, {})
    for _ in range(MOST_KILLS):
        assigned.begin(0, [planned[0].run.run_id])
        kills(0, "SIGKILL")
    assert states(sweep, tmp_path / "runs") == [DONE] * 4


def trainers(runs):
    """Ids of the processes that train something now, by run id; they are not asked whether they are alive."""
    found = {}
    for holder in (runs / ".locks").glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            if (runs / f"small-{holder.stem}" / "checkpoint").exists():
                found[holder.stem] = json.loads(holder.read_text())["pid"]
    return found


@pytest.fixture
def meanwhile():
    """Calls a function again and again while a test runs, until it says that this is enough."""
    threads, ended = [], threading.Event()

    def start(function):
        def call():
            while not ended.is_set() and not function():
                time.sleep(0.005)

        threads.append(threading.Thread(target=call))
        threads[-1].start()

    yield start
    ended.set()
    for thread in threads:
        thread.join()


@pytest.mark.slow
def test_a_cell_that_kills_each_of_its_processes_fails_and_the_others_go_on(tmp_path, meanwhile):
    sweep, runs = loaded(tmp_path, LONG | {"epochs: 3": "epochs: 300"}), tmp_path / "runs"
    unlucky, killed, enough = planned_cells(sweep, runs)[1].run.run_id, [], []

    def kill():
        pid = trainers(runs).get(unlucky)
        # This process too takes the cell for a moment, to write that it has failed.
        if not enough and pid not in (None, os.getpid(), *killed):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return bool(enough)

    meanwhile(kill)
    outcome = swept(sweep, runs, jobs=2)
    enough.append(True)
    # A process that has only looked whether the cell is free may be hit too, on a busy machine.
    assert len(killed) >= MOST_KILLS
    assert [p.state for p in outcome.planned] == [DONE, FAILED, DONE, DONE]
    assert "was killed 3 times" in outcome.failed[0].reason
    assert swept(sweep, runs).states == {DONE: 3, FAILED: 1}, "it is not tried again unasked"
    assert swept(sweep, runs, only="failed").states == {DONE: 4}


@pytest.mark.slow
@pytest.mark.parametrize("only", ["missing", "failed"])
def test_killed_processes_are_made_good_also_where_only_some_cells_are_asked_for(only, tmp_path, meanwhile):
    changes, runs = LONG | {"epochs: 3": "epochs: 1000"}, tmp_path / "runs"
    sweep = loaded(tmp_path, changes)
    planned = planned_cells(sweep, runs)
    if only == "failed":
        for p in planned[:2]:
            p.run.path.mkdir(parents=True)
            content = {"id": p.run.run_id, "status": "failed", "reason": "no room", "config": {}, "final": {}}
            p.run.status.write_text(json.dumps(content))
    killed = set()

    def kill_both():
        pids = set(trainers(runs).values())
        if len(pids) == 2:
            killed.update(pids)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        return bool(killed)

    meanwhile(kill_both)
    outcome = swept(sweep, runs, jobs=2, only=only)
    assert len(killed) == 2
    rest = DONE if only == "missing" else MISSING
    assert [p.state for p in outcome.planned] == [DONE, DONE, rest, rest]
