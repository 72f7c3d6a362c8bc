"""A sweep as a job array of SLURM, one task a cell."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genlab.config.schema.sweep import SlurmConfig
from genlab.errors import GenlabError, UsageError
from genlab.rundir.atomic import write_json
from genlab.rundir.command_line import VARIABLE, typed_command
from genlab.rundir.locks import locked
from genlab.sweeps.file.grid import Sweep
from genlab.sweeps.file.passes import Only, sweep_passes, sweep_plan, wanted
from genlab.sweeps.plan import DONE, RUNNING, PlannedCell
from genlab.sweeps.run import Outcome, collect, sweep_folder
from genlab.sweeps.slurm.snapshot import sweep_in, take_snapshot
from genlab.sweeps.slurm.task import run_cell

QUEUED = "queued"
# SLURM's own default, where it does not say its own.
LARGEST_ARRAY = 1001
# Seconds before the time limit at which SLURM asks a job to save; half of a limit that is shorter than twice that.
NOTICE = 90


@dataclass(frozen=True)
class Submission:
    """What was given to SLURM.

    Attributes:
        job: id of the array; None where nothing was left to submit.
        submitted: cells of the array, in the order of its tasks.
        queued: cells whose tasks were queued or running before.
        left: cells that did not fit into the array, to be submitted when it is done.
        logs: folder of what the tasks print.
    """

    job: str | None
    submitted: tuple[PlannedCell, ...]
    queued: tuple[PlannedCell, ...]
    left: tuple[PlannedCell, ...]
    logs: Path


def submit_sweep(
    sweep: Sweep, slurm: SlurmConfig, *, runs: Path, data_dir: Path, device: str | None, only: Only | None
) -> tuple[Submission, Outcome]:
    """Submit the cells that are not done and not with SLURM, and write `results.csv` as far as the sweep has come.

    Raises:
        UsageError: there is no SLURM or no submitit here, or SLURM refuses the array.
        LockedError: another process submits the same sweep.
    """
    passes = sweep_passes(sweep)
    planned = wanted(sweep_plan(sweep, passes, runs=runs, data_dir=data_dir), only)
    submission = submit(sweep, planned, slurm, runs=runs, data_dir=data_dir, device=device)
    return submission, collect(sweep, passes, runs=runs, data_dir=data_dir)


def submit(
    sweep: Sweep, planned: Sequence[PlannedCell], slurm: SlurmConfig, *, runs: Path, data_dir: Path, device: str | None
) -> Submission:
    """Submit one array, a task for each of these cells that is not queued or running already; does not wait.

    The tasks run the code and the sweep as they are now, from a snapshot in the sweep's folder; older ones are removed
    when no job needs them any more.

    Raises:
        UsageError: there is no SLURM or no submitit here, or SLURM refuses the array.
        LockedError: another process submits the same sweep.
    """
    runs, data_dir = runs.absolute(), data_dir.absolute()
    folder = sweep_folder(sweep, runs)
    logs, record, name = folder / "slurm", folder / "slurm" / "tasks.json", job_name(folder)
    with locked(runs, f"submission-of-{folder.name}"):
        tasks = read_tasks(record)
        active = queued_tasks(name)
        queued = tuple(p for p in planned if tasks.get(p.run.run_id) in active)
        missing = [p for p in planned if p not in queued]
        if not missing:
            return Submission(None, (), queued, (), logs)
        submitted = missing[: largest_array() - 1]
        snapshot = take_snapshot(sweep, folder)
        numbers = {id(cell): number for number, cell in enumerate(sweep.cells)}
        calls = [
            (
                str(snapshot),
                str(sweep_in(snapshot, sweep)),
                sweep.scale,
                list(sweep.overrides),
                numbers[id(p.cell)],
                p.run.run_id,
                str(runs),
                str(data_dir),
                device,
                slurm.requeues,
            )
            for p in submitted
        ]
        ids = _submit(calls, sbatch_parameters(slurm, name, snapshot), logs)
        write_json(record, tasks | {p.run.run_id: task for p, task in zip(submitted, ids, strict=True)})
        remove_old_snapshots(folder, _jobs(active), _job(ids[0]), snapshot)
    return Submission(_job(ids[0]), tuple(submitted), queued, tuple(missing[len(submitted) :]), logs)


def with_queue(sweep: Sweep, planned: Sequence[PlannedCell], *, runs: Path) -> list[PlannedCell]:
    """The plan of a sweep in which cells whose tasks are in SLURM's queue, and that nobody is at yet, are `queued`.

    SLURM is not asked about a sweep that was never submitted.

    Raises:
        UsageError: there is no SLURM here.
        GenlabError: the record of the tasks is damaged, or SLURM does not answer.
    """
    folder = sweep_folder(sweep, runs.absolute())
    tasks = read_tasks(folder / "slurm" / "tasks.json")
    active = queued_tasks(job_name(folder)) if tasks else set()
    return [
        replace(p, state=QUEUED) if tasks.get(p.run.run_id) in active and p.state not in (DONE, RUNNING) else p
        for p in planned
    ]


def remove_old_snapshots(folder: Path, active: set[str], job: str, snapshot: Path) -> None:
    """Note down the snapshot of a new job, and remove those that no job needs.

    Where the queue has a job of which it is not known what it runs, all are kept.

    Args:
        folder: of the sweep.
        active: ids of the jobs that were in the queue before.
    """
    record = folder / "slurm" / "snapshots.json"
    noted = read_tasks(record)
    needed = {other: noted[other] for other in sorted(active) if other in noted} | {job: snapshot.name}
    write_json(record, needed)
    if active <= needed.keys():
        for path in folder.glob("snapshot-*"):
            if path.name not in needed.values():
                shutil.rmtree(path, ignore_errors=True)


def sbatch_parameters(slurm: SlurmConfig, name: str, snapshot: Path) -> dict[str, Any]:
    """What submitit is told: resources, when to signal, and to import genlab from the snapshot."""
    parameters: dict[str, Any] = {
        "job_name": name,
        "time": slurm.time_limit,
        "signal_delay_s": min(NOTICE, 30 * slurm.time_limit),
        "cpus_per_task": slurm.cpus,
        "array_parallelism": slurm.at_once,
        # srun does not take over the cores of its job in every version of SLURM.
        "srun_args": [f"--cpus-per-task={slurm.cpus}"],
        "setup": [
            f"export PYTHONPATH={shlex.quote(str(snapshot))}${{PYTHONPATH:+:$PYTHONPATH}}",
            f"export OMP_NUM_THREADS={slurm.cpus}",
            f"export {VARIABLE}={shlex.quote(typed_command())}",
        ],
        "additional_parameters": {"requeue": True, "chdir": str(snapshot)} | slurm.options,
    }
    asked = {"partition": slurm.partition, "gpus_per_node": slurm.gpus or None, "mem": slurm.memory}
    return parameters | {key: value for key, value in asked.items() if value is not None}


def job_name(folder: Path) -> str:
    """The name of the jobs of a sweep, by its folder."""
    return "genlab-" + re.sub(r"[^\w.-]", "-", folder.name)


def read_tasks(record: Path) -> dict[str, str]:
    """What was noted down: the task that each cell was last submitted as by run id, or the snapshot of each job.

    Raises:
        GenlabError: the file is damaged.
    """
    try:
        return {str(key): str(value) for key, value in json.loads(record.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise GenlabError(f"{record}: damaged ({error}); remove it when `squeue` shows no job of the sweep") from None


def queued_tasks(name: str) -> set[str]:
    """Ids of the tasks of that job name that wait or run, such as 12_3 (12 for a job that is no array).

    Raises:
        UsageError: there is no SLURM here.
    """
    return set(_ask("squeue", "--noheader", "--array", "--format=%i", f"--name={name}").split())


def largest_array() -> int:
    """One more than the tasks that SLURM takes in an array."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _ask("scontrol", "show", "config"), re.MULTILINE)
    return max(2, int(found[1])) if found else LARGEST_ARRAY


def _job(task: str) -> str:
    return task.partition("_")[0]


def _jobs(tasks: set[str]) -> set[str]:
    return {_job(task) for task in tasks}


def _ask(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except FileNotFoundError:
        raise UsageError(f"there is no SLURM here ({command[0]} is not found); use a login node of a cluster") from None
    except subprocess.TimeoutExpired:
        raise GenlabError(f"SLURM does not answer ({command[0]} took more than a minute); try again later") from None
    except subprocess.CalledProcessError as error:
        raise UsageError(f"SLURM does not answer: {_last_line(error.stderr)}") from None


def _submit(calls: Sequence[Sequence[Any]], parameters: dict[str, Any], logs: Path) -> list[str]:
    """Give the calls of `run_cell` to SLURM; the ids of their tasks."""
    try:
        from submitit import SlurmExecutor
        from submitit.core.utils import FailedJobError, FailedSubmissionError
    except ImportError:
        raise UsageError("--launcher slurm needs submitit: pip install 'genlab[slurm]'") from None
    if "%" in str(logs):
        raise UsageError(f"{logs}: SLURM cannot log to a path with % in it; give another place with --runs")
    executor = SlurmExecutor(folder=logs)
    executor.update_parameters(**parameters)
    try:
        jobs = executor.map_array(run_cell, *zip(*calls, strict=True))
    except (FailedJobError, FailedSubmissionError) as error:
        line = _last_line(str(error)).removeprefix("sbatch: error: ")
        raise UsageError(f"SLURM refuses the jobs: {line}; see `slurm` in the sweep file") from None
    return [job.job_id for job in jobs]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
