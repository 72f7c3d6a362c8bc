"""Jobs on a real SLURM: finished, requeued, at their time limit, cancelled.

They need SLURM_CONF in the environment, SLURM's programs and a node with a free core; its partition is the default one.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from genlab.config.schema.sweep import SlurmConfig
from genlab.rundir.provenance import read_provenance
from genlab.rundir.status import read_status
from genlab.rundir.tables import read_table
from genlab.sweeps.execute import work_through
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.file.passes import sweep_passes, sweep_plan
from genlab.sweeps.plan import DONE
from genlab.sweeps.progress import SweepProgress
from genlab.sweeps.run import collect, sweep_folder
from genlab.sweeps.slurm.submission import submit, submit_sweep
from tests.sweeps.slurm.examples import FOUR_CELLS, ROOT, write_sweep

pytestmark = pytest.mark.slurm
PATIENCE = 240
SAME_BITS = ("history.csv", "initial.safetensors", "final.safetensors", "measures.csv", "compression.csv")
# Measures carry the seconds that they took.
CLOCKS = ("seconds",)
MID_RUN_EPOCHS, ENDLESS_EPOCHS = 6000, 100_000_000


def ask(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def tell(*command):
    """A request that may come too early or too late."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).returncode == 0


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(0.5)


def jobs_of(job):
    """The state of each task of an array that is still in the queue, by id."""
    return dict(
        line.split() for line in ask("squeue", "-h", "-r", "-o", "%i %T").splitlines() if line.split("_")[0] == job
    )


@pytest.fixture(scope="module")
def partition():
    """The name of the default partition."""
    if "SLURM_CONF" not in os.environ or not shutil.which("sinfo"):
        pytest.skip("needs a SLURM installation (sinfo, and SLURM_CONF in the environment)")
    pytest.importorskip("submitit", reason="needs submitit: pip install 'genlab[slurm]'")
    try:
        names = ask("sinfo", "-h", "-o", "%P").split()
    except subprocess.SubprocessError:
        pytest.skip("needs a SLURM that answers: sinfo fails")
    return next((name.removesuffix("*") for name in names if name.endswith("*")), names[0].removesuffix("*"))


class SubmittedSweep:
    """Four cells, submitted by a checkout that is then broken, as is the sweep's file; their jobs have ended."""

    def __init__(self, folder, partition):
        self.folder, self.runs, self.partition = folder, folder / "runs", partition
        self.file = write_sweep(folder)
        self.sweep = load_sweep(str(self.file), "smoke")
        checkout = folder / "checkout"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "genlab", checkout / "genlab", ignore=ignored)
        shutil.copytree(ROOT / "configs", checkout / "configs", ignore=ignored)
        self.submission = self.command(checkout)
        job = self.submission["job"]
        self.shown = ask("scontrol", "show", "job", job)
        self.while_queued = self.command(checkout)
        for module in (checkout / "genlab").rglob("*.py"):
            module.write_text("raise SystemExit('the checkout has been changed')\n")
        shutil.rmtree(checkout / "configs")
        self.file.write_text("nothing of it\n")
        ask("scontrol", "release", job)
        wait_until(lambda: not jobs_of(job), "four jobs")
        write_sweep(folder)

    def command(self, checkout):
        """What `genlab sweep --launcher slurm` says, run by the code of a checkout."""
        options = (
            f"--scale smoke --launcher slurm --time-limit 5 --at-once 2 --json --partition {self.partition}".split()
        )
        command = [sys.executable, "-m", "genlab", "sweep", str(self.file), *options, "--runs", str(self.runs)]
        environment = os.environ | {"PYTHONPATH": str(checkout)}
        done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def again(self, text=FOUR_CELLS):
        sweep = load_sweep(str(write_sweep(self.folder, text)), "smoke")
        places = {"runs": self.runs, "data_dir": self.folder}
        return submit_sweep(sweep, sweep.config.slurm, **places, device=None, only=None)


@pytest.fixture(scope="module")
def submitted(tmp_path_factory, partition):
    return SubmittedSweep(tmp_path_factory.mktemp("submitted"), partition)


def run_here(sweep, planned, runs):
    """The cells in this process, undisturbed."""
    passes = sweep_passes(sweep)
    here = [p for p in sweep_plan(sweep, passes, runs=runs, data_dir=runs) if p.cell in [q.cell for q in planned]]
    with SweepProgress(len(here), 0, quiet=True) as progress:
        choices = {"device": None, "only": None, "fail_fast": True, "first": 0}
        work_through(here, passes, runs=runs, data_dir=runs, **choices, progress=progress, finished=progress.finished)
    return [p.run for p in here]


def content(path: Path):
    """The bytes of a file's tensors (the order of what precedes them is chance); a table's rows without clocks."""
    if path.suffix != ".csv":
        return {name: (x.dtype, x.shape, x.numpy().tobytes()) for name, x in load_file(path).items()}
    return [{key: value for key, value in row.items() if key not in CLOCKS} for row in read_table(path)]


def assert_same_bits(run, undisturbed):
    for name in SAME_BITS:
        assert content(run.path / name) == content(undisturbed.path / name), name


def test_the_array_has_the_partition_the_limit_and_the_throttle_asked_for(submitted):
    assert re.search(rf"\bPartition={submitted.partition}\b", submitted.shown)
    assert "TimeLimit=00:05:00" in submitted.shown
    assert "ArrayTaskId=0-3%2 " in submitted.shown
    assert "CPUs/Task=1 " in submitted.shown


def test_nothing_is_submitted_twice_while_it_is_queued(submitted):
    assert len(submitted.submission["submitted"]) == 4
    assert submitted.while_queued["job"] is None
    assert submitted.while_queued["queued"] == submitted.submission["submitted"]


def test_the_results_are_those_of_a_run_on_this_machine_although_the_checkout_was_broken(submitted, tmp_path):
    sweep, passes = submitted.sweep, sweep_passes(submitted.sweep)
    there = collect(sweep, passes, runs=submitted.runs, data_dir=submitted.folder)
    logs = "".join(path.read_text() for path in (sweep_folder(sweep, submitted.runs) / "slurm").glob("*.err"))
    assert there.states == {"done": 4}, logs
    undisturbed = run_here(sweep, there.planned, tmp_path)
    here = collect(sweep, passes, runs=tmp_path, data_dir=tmp_path)
    assert there.results.read_bytes() == here.results.read_bytes()
    for planned, run in zip(there.planned, undisturbed, strict=True):
        assert_same_bits(planned.run, run)


def test_a_finished_sweep_submits_nothing_again(submitted):
    submission, outcome = submitted.again()
    assert (submission.job, submission.submitted, submission.queued) == (None, (), ())
    assert outcome.states == {"done": 4}


def test_a_new_seed_submits_its_cells_only(submitted):
    submission, outcome = submitted.again(FOUR_CELLS.replace("[0, 1]", "[0, 1, 2]"))
    try:
        assert [p.cell.values["seed"] for p in submission.submitted] == [2, 2]
        assert outcome.states == {"done": 4, "missing": 2}
    finally:
        ask("scancel", submission.job)


class DisturbedSweep:
    """Two cells at work: one is requeued in mid-run, the other, which has no end, comes to its time limit."""

    def __init__(self, folder, partition):
        self.runs = folder / "runs"
        text = FOUR_CELLS.replace(
            "model.widths: [[4], [8]]", f"training.stop.epochs: [{MID_RUN_EPOCHS}, {ENDLESS_EPOCHS}]"
        )
        text = text.replace("[0, 1]", "[0]").replace("model: {name: mlp}", "model: {name: mlp, widths: [4]}")
        self.sweep = load_sweep(str(write_sweep(folder, text)), "smoke")
        planned = sweep_plan(self.sweep, sweep_passes(self.sweep), runs=self.runs, data_dir=folder)
        slurm = SlurmConfig(partition=partition, time_limit=60)
        self.submission = submit(self.sweep, planned, slurm, runs=self.runs, data_dir=folder, device=None)
        self.requeued, self.limited = (p.run for p in self.submission.submitted)
        self.job = self.submission.job

    def state(self, task):
        return jobs_of(self.job).get(f"{self.job}_{task}", "")

    def log(self, task):
        return (self.submission.logs / f"{self.job}_{task}_0_log.err").read_text()

    def start_now(self, task):
        """SLURM lets a requeued job wait two minutes."""
        return tell("scontrol", "update", f"JobId={self.job}_{task}", "StartTime=now")


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory, partition):
    sweep = DisturbedSweep(tmp_path_factory.mktemp("disturbed"), partition)
    yield sweep
    tell("scancel", sweep.job)


def rows(run):
    return len(read_table(run.history)) if run.history.exists() else 0


def attempts(run):
    return len(read_provenance(run).get("attempts", []))


def test_a_job_requeued_in_mid_run_ends_with_the_bits_of_an_undisturbed_one(disturbed, tmp_path):
    run = disturbed.requeued
    wait_until(lambda: rows(run) > 3, "a first row")
    ask("scontrol", "requeue", f"{disturbed.job}_0")
    assert rows(run) < MID_RUN_EPOCHS, "requeued in mid-run"
    # Its time limit is now half a minute away, which SLURM looks at twice a minute: the next test waits for that.
    wait_until(lambda: rows(disturbed.limited) > 3, "a first row of the other")
    ask("scontrol", "update", f"JobId={disturbed.job}_1", "TimeLimit=1")
    wait_until(lambda: disturbed.state(0) == "PENDING" and disturbed.start_now(0), "the job back in the queue")
    status = read_status(run)
    assert (status["status"], status["reason"]) == ("preempted", "SIGTERM")
    (undisturbed,) = run_here(disturbed.sweep, disturbed.submission.submitted[:1], tmp_path)
    wait_until(lambda: not disturbed.state(0), "the end of the job")
    assert read_status(run)["status"] == "finished", disturbed.log(0)
    assert attempts(run) == 2
    assert_same_bits(run, undisturbed)
    passes = sweep_passes(disturbed.sweep)
    first = sweep_plan(disturbed.sweep, passes, runs=disturbed.runs, data_dir=disturbed.runs)[0]
    assert first.state == DONE, "measured and compressed too"


def test_a_job_that_comes_to_its_time_limit_is_saved_and_goes_on(disturbed):
    run = disturbed.limited
    wait_until(lambda: rows(run) > 3, "a first row")
    tell("scontrol", "update", f"JobId={disturbed.job}_1", "TimeLimit=1")
    wait_until(lambda: disturbed.state(1) == "PENDING", "the signal before the time limit")
    status, saved = read_status(run), rows(run)
    assert (status["status"], status["reason"]) == ("preempted", "SIGUSR2")
    assert "genlab: stopped (SIGUSR2) and requeued" in disturbed.log(1)
    tell("scontrol", "update", f"JobId={disturbed.job}_1", "TimeLimit=60")
    wait_until(lambda: disturbed.start_now(1), "the job in the queue")
    wait_until(lambda: attempts(run) >= 2 and rows(run) > saved + 3, "the job going on")
    epochs = [int(row["epoch"]) for row in read_table(run.history)]
    assert epochs == list(range(epochs[-1] + 1)), "no epoch twice and none left out"


def test_a_job_that_is_cancelled_saves_and_does_not_come_back(disturbed):
    run = disturbed.limited
    wait_until(lambda: disturbed.state(1) == "RUNNING" and read_status(run)["status"] == "running", "the job at work")
    ask("scancel", f"{disturbed.job}_1")
    wait_until(lambda: not disturbed.state(1), "the end of the job")
    status = read_status(run)
    assert (status["status"], status["reason"]) == ("preempted", signal.SIGTERM.name)
    assert "genlab: stopped (SIGTERM) and saved" in disturbed.log(1)
    again, _ = submit_sweep(
        disturbed.sweep,
        disturbed.sweep.config.slurm,
        runs=disturbed.runs,
        data_dir=disturbed.runs,
        device=None,
        only=None,
    )
    try:
        assert [p.run.run_id for p in again.submitted] == [run.run_id], "submitting again goes on with it"
    finally:
        ask("scancel", again.job)
