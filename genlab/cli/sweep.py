"""`genlab sweep`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from genlab.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    AsJson,
    AsTable,
    DataDir,
    Device,
    GroupSize,
    JobCount,
    Overrides,
    Quiet,
    Runs,
    Scale,
    TableFormat,
    Verbose,
)
from genlab.cli.sweep_slurm import AtOnce, Gpus, Partition, TimeLimit, slurm_wanted, submit_and_print


def sweep(
    target: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file or a packaged name.")],
    overrides: Overrides = None,
    scale: Scale = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and run nothing.")] = False,
    only: Annotated[
        Literal["failed", "missing"] | None,
        typer.Option("--only", help="Try the failed ones again, or only those never started."),
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first cell that fails.")] = False,
    jobs: JobCount = "1",
    group: GroupSize = "auto",
    launcher: Annotated[Literal["local", "slurm"], typer.Option("--launcher", help="Where cells run.")] = "local",
    partition: Partition = None,
    time_limit: TimeLimit = None,
    gpus: Gpus = None,
    at_once: AtOnce = None,
    worker: Annotated[int | None, typer.Option("--worker", hidden=True, help="Number of this process.")] = None,
    assignment: Annotated[Path | None, typer.Option("--assignment", hidden=True, help="Where its cells are.")] = None,
    sharing: Annotated[int, typer.Option("--sharing", hidden=True, help="How many share its memory.")] = 1,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    table_format: AsTable = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run an experiment: train and measure the cells of a sweep that are not finished.

    results.csv has a row a cell; `genlab report` then says what came of it.

    Example: genlab sweep neyshabur2017-figure4 --scale smoke
    """
    from genlab.cli.output import format_of
    from genlab.errors import UsageError
    from genlab.sweeps.file.grid import load_sweep

    chosen = format_of(table_format, as_json=as_json)
    if table_format and not dry_run and chosen is not TableFormat.json:
        raise UsageError("--format is of the plan that --dry-run prints; the table of a sweep is its results.csv")
    as_json = chosen is TableFormat.json
    arguments = [*(overrides or []), *([f"execution.device={device}"] if device else [])]
    loaded = load_sweep(target, scale, arguments)
    if dry_run:
        from genlab.cli.sweep_output import print_plan

        print_plan(loaded, runs=runs, data_dir=data_dir, table_format=chosen)
        return
    asked = {"partition": partition, "time_limit": time_limit, "gpus": gpus, "at_once": at_once}
    if slurm_wanted(launcher, asked, jobs=jobs, fail_fast=fail_fast, group=group):
        submit_and_print(loaded, asked, only=only, runs=runs, data_dir=data_dir, device=device, as_json=as_json)
        return
    from genlab.cli.sweep_output import print_outcome
    from genlab.sweeps.group_size import parse_group_size
    from genlab.sweeps.processes.jobs import parse_jobs
    from genlab.sweeps.run import run_sweep

    outcome = run_sweep(
        loaded,
        runs=runs,
        data_dir=data_dir,
        device=device,
        jobs=parse_jobs(jobs),
        only=only,
        fail_fast=fail_fast,
        worker=worker,
        quiet=quiet,
        group=parse_group_size(group),
        assignment=assignment,
        sharing=sharing,
    )
    print_outcome(outcome, as_json=as_json)
    if outcome.failed:
        raise typer.Exit(3)
