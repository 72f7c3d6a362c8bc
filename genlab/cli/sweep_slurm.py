"""The SLURM side of `genlab sweep`: its options, and how a submission is printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genlab.cli.output import print_json
from genlab.errors import UsageError

if TYPE_CHECKING:
    from genlab.sweeps.file.grid import Sweep
    from genlab.sweeps.file.passes import Only
    from genlab.sweeps.plan import PlannedCell

Partition = Annotated[str | None, typer.Option("--partition", help="SLURM: partition of the jobs.")]
TimeLimit = Annotated[int | None, typer.Option("--time-limit", min=1, help="SLURM: minutes a job.")]
Gpus = Annotated[int | None, typer.Option("--gpus", min=0, help="SLURM: GPUs a job.")]
AtOnce = Annotated[int | None, typer.Option("--at-once", min=1, help="SLURM: jobs that run at the same time.")]


def slurm_wanted(
    launcher: str, asked: Mapping[str, str | int | None], *, jobs: str, fail_fast: bool, group: str = "auto"
) -> bool:
    """Whether the sweep goes to SLURM.

    Raises:
        UsageError: an option is given that the launcher has no use for.
    """
    given = [f"--{name.replace('_', '-')}" for name, value in asked.items() if value is not None]
    if launcher != "slurm":
        if given:
            raise UsageError(f"{given[0]} is for SLURM; add --launcher slurm")
        return False
    if jobs != "1":
        raise UsageError("--jobs is for this machine; with --launcher slurm give --at-once")
    if group not in ("auto", "off"):
        raise UsageError("--group N is for this machine; with --launcher slurm each cell is a task of its own")
    if fail_fast:
        raise UsageError("--fail-fast is for this machine; jobs of SLURM know nothing of each other")
    return True


def submit_and_print(
    sweep: "Sweep",
    asked: Mapping[str, str | int | None],
    *,
    only: "Only | None",
    runs: Path,
    data_dir: Path,
    device: str | None,
    as_json: bool,
) -> None:
    """Submit what is missing of a sweep, and say what that was and how to look.

    Args:
        asked: options of the command line, which count before those of the sweep file.
    """
    from genlab.sweeps.slurm.submission import submit_sweep

    slurm = sweep.config.slurm.model_copy(update={name: value for name, value in asked.items() if value is not None})
    done, outcome = submit_sweep(sweep, slurm, runs=runs, data_dir=data_dir, device=device, only=only)
    if as_json:
        cells = {"submitted": done.submitted, "queued": done.queued, "left": done.left}
        ids: dict[str, list[str]] = {name: [p.run.run_id for p in planned] for name, planned in cells.items()}
        print_json({"job": done.job, **ids, "states": outcome.states, "results": str(outcome.results)})
        return
    for planned in outcome.failed:
        print(f"failed: {planned.cell.label} ({planned.run.path}): {planned.reason}")
    states = ", ".join(f"{number} {state}" for state, number in sorted(outcome.states.items()))
    print(f"{len(outcome.planned)} cells: {states}; results: {outcome.results}")
    if done.queued:
        print(f"{_cells(done.queued)} queued or running in SLURM")
    if done.job is None:
        print("nothing to submit")
        return
    print(f"submitted {_cells(done.submitted)} as SLURM job {done.job}; what they print: {done.logs}")
    if done.left:
        print(f"{_cells(done.left)} left, since SLURM takes no more in one array: submit again when it is done")
    print("the same command with --dry-run shows how far they are, and again submits what is missing then")


def _cells(planned: "tuple[PlannedCell, ...]") -> str:
    return "1 cell" if len(planned) == 1 else f"{len(planned)} cells"
