"""`genlab plot`."""

from pathlib import Path
from typing import Annotated

import typer

from genlab.cli.options import DEFAULT_RUNS, AsJson, Last, Runs, RunTargets, Verbose, Where


def plot(
    targets: RunTargets = None,
    where: Where = None,
    last: Last = False,
    x: Annotated[str | None, typer.Option("--x", metavar="COLUMN", help="Along the horizontal axis.")] = None,
    y: Annotated[
        str | None, typer.Option("--y", metavar="COLUMN,...", help="Columns, comma-separated; a panel each.")
    ] = None,
    log_x: Annotated[bool, typer.Option("--log-x", help="A logarithmic horizontal axis.")] = False,
    log_y: Annotated[bool, typer.Option("--log-y", help="Logarithmic vertical axes.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A .png, .pdf or .svg file, which is replaced, or a folder."
        ),
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Draw learning curves: error and loss of each run against the epoch, or other columns.

    Columns are those of history.csv and timing.csv, and seconds_so_far: a line a run. With dotted config keys, final.*
    and measure.* there is a point a run. The file goes to the current directory unless --output says where.

    Example: genlab plot mnist-mlp --y test_error --log-y
    """
    from genlab.cli.output import print_json
    from genlab.cli.selecting import readable, selected
    from genlab.report.drawing.files import figure_path, save_as
    from genlab.report.run_plot import plot_runs

    found = readable(selected(targets, runs, where=where, last=last))
    columns = [column.strip() for column in (y or "").split(",") if column.strip()]
    figure_path(output, "")  # what is wrong with it is told before anything is drawn
    drawn = plot_runs(found, x=x, y=columns, log_x=log_x, log_y=log_y)
    path = figure_path(output, drawn.name)
    save_as(drawn.figure, path)
    if as_json:
        print_json({"file": str(path), "x": drawn.x, "y": list(drawn.y), "runs": [str(run.path) for run in found]})
    else:
        print(path)
