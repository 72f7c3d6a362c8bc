"""Sweeps whose cells train in groups, stopped and killed at any moment, and many processes on one of them."""

import csv
import json
import os
import random
import signal
import time

import pytest

from genlab.errors import PreemptedError
from genlab.rundir.provenance import read_provenance
from genlab.rundir.status import read_status
from tests.end_to_end.test_sweep_interrupted import PATIENCE_SECONDS, training, wait_for
from tests.sweeps.examples import TOGETHER, close_tables, loaded, process, results_of, runs_in, sweep_file, swept

CELLS, GROUP = 12, 4
LONG = TOGETHER | {
    "learning_rate: 0.1": "learning_rate: 0.01",
    "epochs: 3": "epochs: 100",
    "threads: 1": "threads: 1, checkpoint_every: {epochs: 5}",
}
EPOCHS = [str(epoch) for epoch in range(101)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The runs of the sweep in groups without any disturbance."""
    folder = tmp_path_factory.mktemp("undisturbed")
    swept(loaded(folder, LONG), folder / "runs", group=GROUP)
    return folder / "runs"


def forked(folder, runs):
    """A process that works on the sweep, forked from this one, which has imported everything; its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        swept(loaded(folder, LONG), runs, group=GROUP)
        code = 0
    finally:
        os._exit(code)


def exit_code(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def groups(runs):
    """For each run the numbers of nets that trained together in its attempts."""
    return [[attempt["together"] for attempt in read_provenance(run)["attempts"]] for run in runs_in(runs)]


def holder(runs, run):
    """The process that trains a run."""
    return json.loads((runs / ".locks" / f"{run.run_id}.json").read_text())["pid"]


def as_undisturbed(runs, undisturbed):
    """Each run is there, finished, with a history without gaps, and results are the same but for rounding."""
    assert len(runs_in(runs)) == CELLS
    for run in runs_in(runs):
        assert read_status(run)["status"] == "finished"
        assert [row["epoch"] for row in csv.DictReader(run.history.open())] == EPOCHS
        assert [row["epoch"] for row in csv.DictReader(run.timing.open())] == EPOCHS[1:]
    assert close_tables(results_of(runs), results_of(undisturbed), 1e-3)


def test_a_sweep_in_groups_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path, undisturbed):
    draws, runs, killed = random.Random(5), tmp_path / "runs", 0
    for number in range(8):
        child = forked(tmp_path, runs)
        if number == 0:
            # On a busy machine half a second may not be enough for a group to begin.
            wait_for(lambda: training(runs), "a group")
        else:
            time.sleep(draws.uniform(0.05, 0.5))
        os.kill(child, signal.SIGKILL)
        killed += exit_code(child) == -signal.SIGKILL
    assert killed >= 2, "the sweep is long enough to be killed in"
    swept(loaded(tmp_path, LONG), runs, group=GROUP)
    as_undisturbed(runs, undisturbed)
    assert any(len(attempts) > 1 and attempts[0] > 1 for attempts in groups(runs)), "killed in a group"


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_the_command_stopped_at_several_moments_goes_on_where_it_was(tmp_path, undisturbed, number, code):
    path, runs = sweep_file(tmp_path, LONG), tmp_path / "runs"
    command = ("sweep", path, "--scale", "smoke", "--runs", runs, "--group", "8")
    codes = []
    for seconds in (0.0, 0.1, 0.3):
        started = process(*command)
        wait_for(lambda: training(runs) or started.poll() is not None, "a group")  # noqa: B023 - called at once
        time.sleep(seconds)
        started.send_signal(number)
        said, _ = started.communicate(timeout=PATIENCE_SECONDS)
        codes.append(started.returncode)
        assert started.returncode in (code, 0), said
        if started.returncode in (75, 130):
            # The latter where a cell was measured, which Ctrl-C ends at once.
            assert said.splitlines()[-1].endswith(("the same command goes on", "genlab: interrupted")), said
    assert codes[0] == code
    assert process(*command).wait(PATIENCE_SECONDS) == 0
    as_undisturbed(runs, undisturbed)


def test_a_time_budget_again_and_again_ends_as_an_undisturbed_one(tmp_path, undisturbed):
    sweep, runs, preempted = loaded(tmp_path, LONG, "execution.time_budget=0.2"), tmp_path / "runs", 0
    while preempted < 100:
        try:
            swept(sweep, runs, group=GROUP)
            break
        except PreemptedError:
            preempted += 1
    assert preempted > 1
    as_undisturbed(runs, undisturbed)


def test_sixteen_processes_at_once_train_each_cell_exactly_once(tmp_path, undisturbed):
    children = [forked(tmp_path, tmp_path / "runs") for _ in range(16)]
    assert [exit_code(child) for child in children] == [0] * 16
    assert [len(attempts) for attempts in groups(tmp_path / "runs")] == [1] * CELLS
    as_undisturbed(tmp_path / "runs", undisturbed)


@pytest.mark.slow
def test_two_workers_train_in_groups_and_a_killed_ones_group_is_halved_and_no_cell_blamed(tmp_path, undisturbed):
    path, runs = sweep_file(tmp_path, LONG), tmp_path / "runs"
    parent = process("sweep", path, "--scale", "smoke", "--runs", runs, "--group", GROUP, "--jobs", "2")
    wait_for(lambda: training(runs), "a group")
    os.kill(holder(runs, training(runs)[0]), signal.SIGKILL)
    said, _ = parent.communicate(timeout=PATIENCE_SECONDS)
    assert parent.returncode == 0, said
    as_undisturbed(runs, undisturbed)
    again = [attempts for attempts in groups(runs) if len(attempts) > 1]
    assert again
    assert all(attempts[0] <= GROUP and attempts[1] <= attempts[0] // 2 for attempts in again)
