"""`genlab export`."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from genlab.cli.options import DEFAULT_RUNS, AsJson, Last, Quiet, Runs, RunTargets, Verbose, Where


def export(
    to: Annotated[Literal["tensorboard", "mlflow", "wandb"], typer.Option("--to", help="The tool to hand runs to.")],
    targets: RunTargets = None,
    where: Where = None,
    last: Last = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where its files go; else tensorboard/, mlruns/ or wandb/."),
    ] = None,
    project: Annotated[
        str, typer.Option("--project", help="The project of wandb, or the experiment of MLflow.")
    ] = "genlab",
    online: Annotated[bool, typer.Option("--online", help="With wandb: send runs now. Else nothing is sent.")] = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Hand runs to TensorBoard, MLflow or Weights & Biases: settings, history, errors and measures.

    The libraries come with the extras genlab[tensorboard], genlab[mlflow] and genlab[wandb]. Exporting again replaces
    what has changed and leaves the rest; a run that has not finished is handed on as far as it is.

    Example: genlab export mnist-mlp --to tensorboard
    """
    from genlab.cli.output import print_json
    from genlab.cli.selecting import readable, selected
    from genlab.errors import GenlabError
    from genlab.report.export.destinations import destination
    from genlab.report.export.exported_run import exported_run

    tool, found, code = destination(to, online=online), readable(selected(targets, runs, where=where, last=last)), 0
    folder = output or Path(tool.folder)
    written: list[dict[str, Any]] = []
    for run in found:
        try:
            place = tool.write(exported_run(run), folder, project)
        except GenlabError as error:
            if len(found) == 1 or error.exit_code == 2:
                raise
            print(f"genlab: {error}", file=sys.stderr)
            code = max(code, error.exit_code)
            continue
        written.append({"id": run.run_id, "path": str(run.path), "written": None if place is None else str(place)})
        if not as_json:
            print(f"{run.path}: {place or 'is there already'}")
    if as_json:
        print_json(written)
    if tool.opened and not quiet:
        print(f"to look at them: {tool.opened.format(folder=folder)}", file=sys.stderr)
    if code:
        raise typer.Exit(code)
