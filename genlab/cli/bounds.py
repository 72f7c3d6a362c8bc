"""`genlab bounds`."""

from typing import Annotated, Any

import typer

from genlab.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    AsJson,
    AsTable,
    AtEpochs,
    DataDir,
    Device,
    Last,
    Quiet,
    Runs,
    RunTargets,
    TableFormat,
    Verbose,
    Where,
)

Only = Annotated[str | None, typer.Option("--only", help="Names of bounds, comma-separated.")]
Options = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="An option of all bounds that have it: statistic=extreme."),
]


def bounds(
    targets: RunTargets = None,
    only: Only = None,
    options: Options = None,
    at_epochs: AtEpochs = False,
    where: Where = None,
    last: Last = False,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    table_format: AsTable = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare bounds on the capacity of trained nets, with their terms and the preconditions that fail.

    Bounds are l1_inf, frobenius, spec_l12, spec_fro (products of norms), arora (compression) and parameters (their
    number), as log10 of the capacity over the squared margin, without depth, logarithms and constants. Each has a row
    for itself and one for each term and layer in bounds.csv of each run; the terminal has the bounds alone.

    Doing it again replaces the rows of the same bound, options and epoch and keeps all others. With --at-epochs a run
    is bounded as it ended and at every epoch whose weights it kept (execution.keep_weights_at).

    Example: genlab bounds mnist-mlp --only arora,spec_fro --set statistic=extreme
    """
    from genlab.cli.output import format_of, waiting
    from genlab.cli.passes import PassResults, over_runs, runs_to_pass_over

    chosen = format_of(table_format, as_json=as_json)
    directories = runs_to_pass_over(targets or [], runs, where=where or [], last=last)

    # After the runs, so that what is wrong with their names is told at once and not after torch has been loaded.
    from genlab.bounds.bound_run import bound_run
    from genlab.bounds.request import requested
    from genlab.hardware.devices import resolve_device

    request, on = requested(only, options or []), resolve_device(device or "auto")
    shown = ("bound", *(("epoch",) if at_epochs else ()), "log10", "holds", "fails", "options", "reason")
    results = PassResults(shown, chosen, quiet=quiet)

    def work(run: Any) -> None:
        with waiting(f"bounding {run.directory.path}", quiet):
            epochs = run.along_training() if at_epochs else [None]
            rows = bound_run(run, request, device=on, epochs=epochs)
        kept = rows if chosen is TableFormat.json else [row for row in rows if row["term"] == "bound"]
        results.add(run.directory, kept, run.directory.bounds)

    code = over_runs(directories, data_dir, work)
    results.finish()
    if code:
        raise typer.Exit(code)
