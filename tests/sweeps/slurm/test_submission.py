"""What of a sweep goes to SLURM and how, with stand-ins for its programs; `test_slurm_jobs.py` has the real ones."""

import inspect
import json
import os
import shlex
import sys

import pytest

from genlab.config.schema.sweep import SlurmConfig
from genlab.errors import GenlabError, LockedError, UsageError
from genlab.rundir.command_line import typed_command
from genlab.rundir.locks import locked
from genlab.rundir.tables import read_table
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.slurm.submission import job_name, sbatch_parameters, submit_sweep
from genlab.sweeps.slurm.task import run_cell
from tests.cli.command import genlab
from tests.sweeps.slurm.examples import FOUR_CELLS, stand_ins, write_sweep


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Puts stand-ins with a given behaviour before everything else in PATH."""
    pytest.importorskip("submitit")
    path = os.environ["PATH"]

    def start(**behaviour):
        here = stand_ins(tmp_path / "bin", **behaviour)
        monkeypatch.setenv("PATH", f"{here}{os.pathsep}{path}")
        return here

    start()
    return start


@pytest.fixture
def submitted(tmp_path):
    """Submits a sweep; the submission and its outcome."""

    def submit(text=FOUR_CELLS, overrides=(), only=None, slurm=SlurmConfig()):  # noqa: B008 - frozen
        sweep = load_sweep(str(write_sweep(tmp_path, text)), "smoke", overrides)
        places = {"runs": tmp_path / "runs", "data_dir": tmp_path / "data"}
        return submit_sweep(sweep, slurm, **places, device=None, only=only)

    return submit


def calls(submission):
    """What submitit will call in each task, by task id."""
    from submitit.core.utils import DelayedSubmission

    paths = sorted(submission.logs.glob("*_submitted.pkl"))
    return {path.name.removesuffix("_submitted.pkl"): DelayedSubmission.load(path) for path in paths}


def seeds(planned):
    return [(p.cell.values["model.widths"][0], p.cell.values["seed"]) for p in planned]


def set_status(tmp_path, planned, status):
    """Makes the run of a cell look as if it had come that far."""
    folder = tmp_path / "runs" / planned.run.path.name
    folder.mkdir(parents=True)
    content = {"id": planned.run.run_id, "name": "small", "status": status, "reason": "a reason"}
    (folder / "status.json").write_text(json.dumps(content | {"config": {}, "final": {}}))


def test_each_cell_is_a_task_that_is_told_its_place_in_plain_words(cluster, submitted, tmp_path):
    cluster(job=31)
    submission, outcome = submitted(overrides=["training.batch_size=16"])
    assert (submission.job, len(submission.submitted), submission.queued) == ("31", 4, ())
    assert outcome.states == {"missing": 4}
    tasks = calls(submission)
    assert list(tasks) == ["31_0", "31_1", "31_2", "31_3"]
    names = list(inspect.signature(run_cell).parameters)
    for number, (planned, task) in enumerate(zip(submission.submitted, tasks.values(), strict=True)):
        assert task.function is run_cell
        given = dict(zip(names, task.args, strict=True))
        assert given.pop("snapshot") in given.pop("sweep")
        assert given == {
            "scale": "smoke",
            "overrides": ["training.batch_size=16"],
            "number": number,
            "identity": planned.run.run_id,
            "runs": str(tmp_path / "runs"),
            "data_dir": str(tmp_path / "data"),
            "device": None,
            "requeues": 100,
        }


def test_the_results_are_written_as_far_as_the_sweep_has_come(cluster, submitted):
    _, outcome = submitted()
    assert [row["status"] for row in read_table(outcome.results)] == ["missing"] * 4


def test_what_waits_or_runs_in_slurm_is_not_submitted_again(cluster, submitted):
    submitted()
    cluster(queue="7_0\n7_2\n", job=8)
    submission, _ = submitted()
    assert seeds(submission.queued) == [(4, 0), (8, 0)]
    assert seeds(submission.submitted) == [(4, 1), (8, 1)]
    cluster(queue="7_0\n7_2\n8_0\n8_1\n", job=9)
    submission, _ = submitted()
    assert (submission.job, submission.submitted, len(submission.queued)) == (None, (), 4)


def test_a_task_that_has_left_the_queue_without_an_end_is_submitted_again(cluster, submitted):
    submitted()
    cluster(queue="7_1\n", job=8)
    assert len(submitted()[0].submitted) == 3


def test_slurm_is_asked_for_the_jobs_of_this_sweep_only(cluster, submitted):
    here = cluster()
    submission, _ = submitted()
    name = job_name(submission.logs.parent)
    assert (here / "squeue.asked").read_text().split() == ["--noheader", "--array", "--format=%i", f"--name={name}"]
    assert f"#SBATCH --job-name={name}\n" in (here / "sbatch.asked").read_text()


def test_only_what_is_asked_for_is_submitted(cluster, submitted, tmp_path):
    first, *_ = submitted()[0].submitted
    set_status(tmp_path, first, "failed")
    assert len(submitted()[0].submitted) == 3, "a failed cell is not tried again by itself"
    assert seeds(submitted(only="failed")[0].submitted) == seeds([first])


@pytest.mark.parametrize("status", ["preempted", "interrupted", "pending"])
def test_what_was_stopped_is_submitted_again(status, cluster, submitted, tmp_path):
    set_status(tmp_path, submitted()[0].submitted[0], status)
    assert len(submitted()[0].submitted) == 4


def test_a_new_seed_is_a_new_array_of_its_cells(cluster, submitted):
    submitted()
    cluster(queue="7_0\n7_1\n7_2\n7_3\n", job=8)
    submission, _ = submitted(FOUR_CELLS.replace("[0, 1]", "[0, 1, 5]"))
    assert seeds(submission.submitted) == [(4, 5), (8, 5)]


def test_one_cell_is_a_job_of_its_own(cluster, submitted):
    submission, _ = submitted(FOUR_CELLS.replace("[[4], [8]]", "[[4]]").replace("[0, 1]", "[0]"))
    assert (submission.job, list(calls(submission))) == ("7", ["7"])
    cluster(queue="7\n")
    assert len(submitted(FOUR_CELLS.replace("[[4], [8]]", "[[4]]").replace("[0, 1]", "[0]"))[0].queued) == 1


def test_cells_beyond_the_largest_array_are_left_for_the_next_time(cluster, submitted):
    cluster(largest=4)
    submission, _ = submitted()
    assert (len(submission.submitted), len(submission.left)) == (3, 1)
    cluster(largest=4, queue="7_0 7_1 7_2", job=8)
    submission, _ = submitted()
    assert (len(submission.queued), len(submission.submitted), submission.left) == (3, 1, ())


def dry_run(tmp_path, *options):
    arguments = ("--scale", "smoke", "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data", "--dry-run")
    return genlab("sweep", write_sweep(tmp_path), *arguments, *options)


def test_a_dry_run_shows_what_waits_in_slurm_as_queued(cluster, submitted, tmp_path):
    def shown():
        return [cell["state"] for cell in json.loads(dry_run(tmp_path, "--json").out)["cells"]]

    assert not (cluster() / "squeue.asked").exists()
    assert shown() == ["missing"] * 4
    assert not (cluster() / "squeue.asked").exists(), "nobody is asked about a sweep that was never submitted"
    planned = submitted()[0].submitted
    set_status(tmp_path, planned[1], "preempted")
    with locked(tmp_path / "runs", planned[2].run.run_id):
        set_status(tmp_path, planned[2], "running")
        cluster(queue="7_0\n7_1\n7_2\n")
        assert shown() == ["queued", "queued", "running", "missing"]
    cluster(queue="")
    assert shown() == ["missing", "resumable", "resumable", "missing"]


def test_a_dry_run_where_slurm_cannot_be_asked_says_so(cluster, submitted, tmp_path, monkeypatch):
    submitted()
    monkeypatch.setenv("PATH", str(tmp_path))
    said = dry_run(tmp_path)
    assert (said.code, said.out.count("missing")) == (0, 4)
    assert "which cells are queued is not known: there is no SLURM here" in said.err


def test_snapshots_that_no_job_needs_are_removed_with_the_next_submission(cluster, submitted):
    def snapshots():
        return {path.name for path in folder.glob("snapshot-*")}

    folder = submitted()[0].logs.parent
    (first,) = snapshots()
    cluster(queue="7_0\n7_1\n7_2\n7_3\n", job=8)
    submitted(FOUR_CELLS.replace("[0, 1]", "[0, 1, 5]"))
    (second,) = snapshots() - {first}
    cluster(queue="8_0\n", job=9)
    submitted(FOUR_CELLS.replace("[0, 1]", "[0, 1, 6]"))
    assert first not in snapshots()
    assert len(snapshots()) == 2
    assert second in snapshots()


def test_no_snapshot_is_removed_while_a_job_is_queued_that_nobody_knows(cluster, submitted):
    folder = submitted()[0].logs.parent
    cluster(queue="5\n", job=8)
    submitted(FOUR_CELLS.replace("[0, 1]", "[0, 1, 5]"))
    assert len(list(folder.glob("snapshot-*"))) == 2


def test_a_refusal_of_slurm_is_one_line(cluster, submitted):
    cluster(
        refusal="sbatch: error: invalid partition specified: fast\nsbatch: error: Batch job submission failed: none\n"
    )
    with pytest.raises(UsageError, match=r"^SLURM refuses the jobs: Batch job submission failed: none; see `slurm`"):
        submitted()
    cluster()
    assert len(submitted()[0].submitted) == 4, "nothing was noted down"


def test_a_machine_without_slurm_is_said(submitted, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"there is no SLURM here \(squeue is not found\)"):
        submitted()


def test_a_missing_submitit_comes_with_the_command_that_installs_it(cluster, submitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(UsageError, match=r"pip install 'genlab\[slurm\]'"):
        submitted()


def test_two_submissions_at_once_are_refused(cluster, submitted, tmp_path):
    folder = submitted()[0].logs.parent
    with locked(tmp_path / "runs", f"submission-of-{folder.name}"), pytest.raises(LockedError):
        submitted()


def test_a_damaged_record_of_the_tasks_is_said(cluster, submitted):
    (submitted()[0].logs / "tasks.json").write_text("{")
    with pytest.raises(GenlabError, match=r"tasks\.json: damaged .*; remove it when `squeue` shows no job"):
        submitted()


def test_the_options_reach_the_batch_file(cluster, submitted):
    here = cluster()
    options = {"account": "lab", "exclusive": True}
    slurm = SlurmConfig(partition="fast", time_limit=7, gpus=2, cpus=3, memory="8GB", at_once=2, options=options)
    submission, _ = submitted(slurm=slurm)
    lines = (here / "sbatch.asked").read_text().splitlines()
    for flag in ("partition=fast", "time=7", "gpus-per-node=2", "cpus-per-task=3", "mem=8GB", "array=0-3%2"):
        assert f"#SBATCH --{flag}" in lines
    assert {"#SBATCH --account=lab", "#SBATCH --exclusive", "#SBATCH --requeue", "#SBATCH --signal=USR2@90"} <= {*lines}
    (snapshot,) = submission.logs.parent.glob("snapshot-*")
    assert f"#SBATCH --chdir={snapshot}" in lines
    assert any(line.startswith(f"export PYTHONPATH={snapshot}$") for line in lines)
    assert "export OMP_NUM_THREADS=3" in lines
    assert f"export GENLAB_COMMAND={shlex.quote(typed_command())}" in lines, "a task's own arguments nobody typed"


def test_what_is_not_asked_for_is_left_to_the_cluster(tmp_path):
    assert not {"partition", "gpus_per_node", "mem"} & set(sbatch_parameters(SlurmConfig(), "genlab", tmp_path))


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 30), (2, 60), (3, 90), (600, 90)])
def test_a_job_is_asked_to_save_in_time_and_not_at_its_start(minutes, seconds, tmp_path):
    assert sbatch_parameters(SlurmConfig(time_limit=minutes), "genlab", tmp_path)["signal_delay_s"] == seconds


def test_options_of_the_file_count_before_ours(tmp_path):
    parameters = sbatch_parameters(SlurmConfig(options={"chdir": "/"}), "genlab", tmp_path)
    assert parameters["additional_parameters"] == {"requeue": True, "chdir": "/"}
