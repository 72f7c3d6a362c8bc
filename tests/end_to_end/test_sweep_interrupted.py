"""Sweeps that are interrupted at any point, and many processes on one sweep."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genlab.errors import InterruptedByUserError
from genlab.rundir.status import read_status
from tests.sweeps.examples import (
    LONG,
    attempts,
    loaded,
    planned_cells,
    process,
    results_of,
    runs_in,
    sweep_file,
    swept,
)

PATIENCE_SECONDS = 90.0
KILLS = 12


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The results of the long sweep without any disturbance."""
    folder = tmp_path_factory.mktemp("undisturbed")
    swept(loaded(folder, LONG), folder / "runs")
    return results_of(folder / "runs")


def forked(folder, runs):
    """A process that works on the sweep, forked from this one, which has imported everything; its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        swept(loaded(folder, LONG), runs)
        code = 0
    except (InterruptedByUserError, KeyboardInterrupt):
        code = 130  # the second where no training was there to save
    finally:
        os._exit(code)


def wait_for(condition, what):
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < PATIENCE_SECONDS, f"waited in vain for {what}"
        time.sleep(0.01)


def training(runs):
    """Runs that a process is training now and that have a checkpoint."""
    return [run for run in runs_in(runs) if run.checkpoint.exists() and read_status(run)["status"] == "running"]


def workers_of(parent):
    """Ids of the worker processes of a sweep."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


def ended(child):
    """Whether a child has ended; it can still be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def alive(pid):
    """Whether a process is there and not only waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_sweep_killed_again_and_again_at_random_moments_ends_as_an_undisturbed_one(tmp_path, undisturbed):
    draws = random.Random(3)
    killed = 0
    for _ in range(KILLS):
        child = forked(tmp_path, tmp_path / "runs")
        time.sleep(draws.uniform(0.02, 0.4))
        os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert killed >= 2, "the sweep is long enough to be killed in"
    swept(loaded(tmp_path, LONG), tmp_path / "runs")
    assert results_of(tmp_path / "runs") == undisturbed


def test_a_sweep_ended_by_ctrl_c_again_and_again_ends_as_an_undisturbed_one(tmp_path, undisturbed):
    runs, sweep = tmp_path / "runs", loaded(tmp_path, LONG)
    stopped = 0
    for _ in range(4):
        child = forked(tmp_path, runs)
        wait_for(lambda: training(runs) or ended(child), "a cell")  # noqa: B023 - called at once
        os.kill(child, signal.SIGINT)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 130)
        stopped += code == 130
        reasons = {p.reason for p in planned_cells(sweep, runs) if p.state == "resumable"}
        # The latter where it fell between two writes of the status.
        assert reasons <= {"Ctrl-C", "its process was killed"}
        assert len(results_of(runs).splitlines()) == 5, "results of what there is"
    assert stopped
    swept(sweep, runs)
    assert results_of(runs) == undisturbed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="workers end with their parent on Linux only")
def test_killed_workers_are_replaced_and_a_killed_parent_takes_its_workers_along(tmp_path, undisturbed):
    path, runs = sweep_file(tmp_path, LONG), tmp_path / "runs"
    command = ("sweep", path, "--scale", "smoke", "--group", "off", "--runs", runs, "--jobs", "2")
    parent = process(*command)
    wait_for(lambda: len(workers_of(parent.pid)) == 2, "two workers")
    workers = workers_of(parent.pid)
    wait_for(lambda: training(runs), "a cell")
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    wait_for(lambda: not any(map(alive, workers)), "the workers to end with their parent")

    parent = process(*command)
    wait_for(lambda: len(workers_of(parent.pid)) == 2, "two workers")
    first = set(workers_of(parent.pid))
    os.kill(min(first), signal.SIGKILL)
    wait_for(lambda: set(workers_of(parent.pid)) - first or parent.poll() is not None, "another worker")
    said, _ = parent.communicate(timeout=PATIENCE_SECONDS)
    assert parent.returncode == 0, said
    assert results_of(runs) == undisturbed


@pytest.mark.slow
def test_ctrl_c_reaches_all_workers_and_the_next_start_goes_on(tmp_path, undisturbed):
    path, runs = sweep_file(tmp_path, LONG), tmp_path / "runs"
    command = ("sweep", path, "--scale", "smoke", "--group", "off", "--runs", runs, "--jobs", "2")
    parent = process(*command)
    wait_for(lambda: training(runs), "a cell")
    workers = workers_of(parent.pid)
    parent.send_signal(signal.SIGINT)
    said, _ = parent.communicate(timeout=PATIENCE_SECONDS)
    assert parent.returncode == 130, said
    assert said.splitlines()[-1] == "genlab: stopped (Ctrl-C); the same command goes on"
    assert not any(map(alive, workers))
    swept(loaded(tmp_path, LONG), runs)
    assert results_of(runs) == undisturbed


@pytest.mark.slow
def test_sixteen_processes_started_at_once_train_each_cell_exactly_once(tmp_path, undisturbed):
    path, runs = sweep_file(tmp_path, LONG), tmp_path / "runs"
    command = ("sweep", path, "--scale", "smoke", "--group", "off", "--runs", runs)
    started = [process(*command, preexec_fn=lambda: os.nice(10)) for _ in range(16)]
    said = [each.communicate()[0] for each in started]
    assert {each.returncode for each in started} == {0}, said
    assert [attempts(run) for run in runs_in(runs)] == [1] * 4
    assert results_of(runs) == undisturbed
    assert all(text.splitlines()[-1].startswith("4 cells: 4 done") for text in said)


def test_sixteen_forks_of_one_process_train_each_cell_exactly_once(tmp_path, undisturbed):
    """As above, without the time that imports take, so that all are at the first cell at the same moment."""
    children = [forked(tmp_path, tmp_path / "runs") for _ in range(16)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * 16
    assert [attempts(run) for run in runs_in(tmp_path / "runs")] == [1] * 4
    assert results_of(tmp_path / "runs") == undisturbed


def test_the_order_in_which_cells_are_worked_on_changes_no_result(tmp_path, undisturbed):
    sweep, runs = loaded(tmp_path, LONG), tmp_path / "runs"
    swept(sweep, runs, worker=2, jobs=4)
    swept(sweep, runs)
    assert results_of(runs) == undisturbed
