"""`genlab runs`: list, show, compare, locate and remove runs. None of these import torch."""

import sys
from typing import Annotated

import typer

from genlab.cli.options import DEFAULT_RUNS, AsJson, AsTable, Last, Runs, RunTargets, Verbose, Where

app = typer.Typer(help="List, show, compare, locate and remove runs.", no_args_is_help=True)


@app.command("ls")
def ls(
    runs: Runs = DEFAULT_RUNS,
    where: Where = None,
    sort: Annotated[str | None, typer.Option("--sort", help="A column; -COLUMN sorts downwards.")] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="Comma-separated; +COLUMN adds to the usual ones; 'measure.*' is many."),
    ] = None,
    table_format: AsTable = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Results on stdout as CSV.")] = False,
    verbose: Verbose = False,
) -> None:
    """List runs with what they differ in and their errors.

    A column is a dotted config key (data.labels.corruption), final.KEY (final.test_error), measure.NAME, one of id,
    name, status, reason, path, started, stopped, size, or the end of one that no other has (corruption, test_error).

    Example: genlab runs ls --where status=finished --where 'test_error<0.05' --sort test_error
    """
    from genlab.cli.options import TableFormat
    from genlab.cli.output import format_of
    from genlab.cli.runs_output import print_listing
    from genlab.rundir.listing import list_runs

    chosen = format_of(table_format, as_json=as_json, as_csv=as_csv)
    listing = list_runs(runs, where=where or [], sort=sort, columns=columns, usual=chosen is TableFormat.csv)
    for line in listing.damaged:
        print(f"genlab: {line}", file=sys.stderr)
    if listing.rows or chosen is not TableFormat.table:
        print_listing(listing, chosen)
    else:
        print(f"no runs in {runs}" + (" that fit" if where else ""))


@app.command("show")
def show(
    targets: RunTargets = None,
    where: Where = None,
    last: Last = False,
    runs: Runs = DEFAULT_RUNS,
    table_format: AsTable = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show status, config, errors, files and provenance of runs.

    Example: genlab runs show --last
    """
    from genlab.cli.options import TableFormat
    from genlab.cli.output import format_of, print_rows
    from genlab.cli.selecting import readable, selected
    from genlab.rundir.listing import describe

    chosen = format_of(table_format, as_json=as_json)
    found = [describe(run) for run in readable(selected(targets, runs, where=where, last=last))]
    rows = [[{"id": one["id"], "key": key, "value": value} for key, value in one.items()] for one in found]
    if chosen is TableFormat.table:
        for each in rows:
            print_rows(("key", "value"), each, chosen)
    else:
        print_rows(("id", "key", "value"), [row for each in rows for row in each], chosen, document=found)


@app.command("diff")
def diff(
    targets: Annotated[list[str] | None, typer.Argument(metavar="RUN...", help="As `runs show` takes them.")] = None,
    where: Where = None,
    runs: Runs = DEFAULT_RUNS,
    everything: Annotated[bool, typer.Option("--all", help="Also what is the same in all.")] = False,
    table_format: AsTable = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show what runs differ in: config, errors, versions, machine and measures, with a column a run.

    Several targets are a run each; a single one, a pattern and --where may stand for many.

    Example: genlab runs diff 306a4d3b 0aedda59
    """
    from genlab.cli.output import format_of
    from genlab.cli.runs_output import print_comparison
    from genlab.cli.selecting import selected_to_compare
    from genlab.rundir.comparison import difference

    chosen = format_of(table_format, as_json=as_json)
    print_comparison(difference(selected_to_compare(targets, runs, where=where), all=everything), chosen)


@app.command("path")
def path(
    targets: RunTargets = None,
    where: Where = None,
    last: Last = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Print the directory of each run, one a line.

    Example: genlab runs path digits-mlp
    """
    from genlab.cli.output import print_json
    from genlab.cli.selecting import selected

    found = [str(run.path) for run in selected(targets, runs, where=where, last=last).runs]
    if as_json:
        print_json(found)
        return
    for line in found:
        print(line)


@app.command("rm")
def rm(
    targets: RunTargets = None,
    where: Where = None,
    last: Last = False,
    runs: Runs = DEFAULT_RUNS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    verbose: Verbose = False,
) -> None:
    """Remove runs with all their files, after listing them and asking once.

    Example: genlab runs rm digits-mlp --where status=failed
    """
    from genlab.cli.selecting import selected_to_remove
    from genlab.errors import UsageError
    from genlab.rundir.removal import remove_runs

    found = selected_to_remove(targets, runs, where=where, last=last)
    if not yes and not sys.stdin.isatty():
        raise UsageError("removing runs asks first and there is no terminal to ask on; give --yes")
    which = str(found[0]) if len(found) == 1 else f"these {len(found)} runs"
    if not yes and len(found) > 1:
        for path in found:
            print(path)
    if not yes and not typer.confirm(f"remove {which} and all {'its' if len(found) == 1 else 'their'} files?"):
        print(f"kept {which}")
        return
    for path in remove_runs(found):
        print(f"removed {path}")
