"""`genlab runs`: list, show, locate and remove runs. None of these import torch."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from genlab.cli.options import DEFAULT_RUNS, AsJson, Runs, RunTargets, Verbose

app = typer.Typer(help="List, show, locate and remove runs.", no_args_is_help=True)


@app.command("ls")
def ls(
    runs: Runs = DEFAULT_RUNS,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="KEY=VALUE, or with !=, <, <=, >, >=; all must hold.")
    ] = None,
    sort: Annotated[str | None, typer.Option("--sort", help="A column; -COLUMN sorts downwards.")] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", help="Columns, comma-separated; +COLUMN adds to the usual ones.")
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Results on stdout as CSV.")] = False,
    verbose: Verbose = False,
) -> None:
    """List runs with their status and errors.

    A column is a dotted config key (data.labels.corruption), final.KEY (final.test_error), or one of id, name, status,
    reason, path, started, stopped, size.

    Example: genlab runs ls --where status=finished --where 'final.test_error<0.05' --sort final.test_error
    """
    from genlab.cli.output import print_json, print_table
    from genlab.rundir.listing import list_runs

    listing = list_runs(runs, where=where or [], sort=sort, columns=columns)
    for line in listing.damaged:
        print(f"genlab: {line}", file=sys.stderr)
    if as_json:
        print_json(listing.rows)
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, listing.columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(listing.rows)
    elif listing.rows:
        print_table(listing.columns, listing.rows)
    else:
        print(f"no runs in {runs}" + (" that fit" if where else ""))


@app.command("show")
def show(
    targets: RunTargets,
    runs: Runs = DEFAULT_RUNS,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show status, config, errors, files and provenance of runs.

    Example: genlab runs show digits-mlp
    """
    from genlab.cli.output import print_json, print_table
    from genlab.rundir.find import find_run
    from genlab.rundir.listing import describe

    shown = [describe(find_run(runs, target)) for target in targets]
    if as_json:
        print_json(shown)
        return
    for description in shown:
        rows = [{"key": key, "value": value} for key, value in description.items()]
        print_table(("key", "value"), rows)


@app.command("diff")
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A run, as `runs show` takes it.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another run.")],
    runs: Runs = DEFAULT_RUNS,
    everything: Annotated[bool, typer.Option("--all", help="Also what is the same in both.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show what two runs differ in: config, errors, versions, machine and measures.

    Example: genlab runs diff 306a4d3b 0aedda59
    """
    from genlab.cli.output import print_json, print_table
    from genlab.rundir.comparison import difference
    from genlab.rundir.find import find_run

    found = difference(find_run(runs, first), find_run(runs, second), all=everything)
    rows = [{"key": key, "A": a, "B": b} for key, a, b in found]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(("key", "A", "B"), rows)
    else:
        print("no difference")


@app.command("path")
def path(targets: RunTargets, runs: Runs = DEFAULT_RUNS, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Print the directory of each run, one a line.

    Example: genlab runs path digits-mlp
    """
    from genlab.cli.output import print_json
    from genlab.rundir.find import find_run

    found = [str(find_run(runs, target).path) for target in targets]
    if as_json:
        print_json(found)
        return
    for line in found:
        print(line)


@app.command("rm")
def rm(
    targets: RunTargets,
    runs: Runs = DEFAULT_RUNS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    verbose: Verbose = False,
) -> None:
    """Remove runs with all their files, after asking.

    Example: genlab runs rm digits-mlp
    """
    from genlab.errors import UsageError
    from genlab.rundir.find import find_run
    from genlab.rundir.layout import RunDirectory
    from genlab.rundir.locks import locked
    from genlab.rundir.removal import remove_run

    if not yes and not sys.stdin.isatty():
        raise UsageError("removing runs asks first and there is no terminal to ask on; give --yes")
    found = []
    for target in targets:
        run = find_run(runs, target)
        # The directory that a link points to is found by the link's name, and is not in these runs.
        found.append(RunDirectory(Path(target)) if Path(target).is_symlink() else run)
    for run in found:
        if not yes and not typer.confirm(f"remove {run.path} and all its files?"):
            print(f"kept {run.path}")
            continue
        with locked(run.path.parent, run.run_id):
            remove_run(run.path)
        print(f"removed {run.path}")
