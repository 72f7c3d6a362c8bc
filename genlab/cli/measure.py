"""`genlab measure`."""

from typing import Annotated, Any

import typer

from genlab.cli.options import DEFAULT_DATA, DEFAULT_RUNS, AsJson, DataDir, Device, Quiet, Runs, RunTargets, Verbose


def measure(
    targets: RunTargets,
    only: Annotated[str | None, typer.Option("--only", help="Names of measures, comma-separated.")] = None,
    config: Annotated[str, typer.Option("--config", help="A measure config: a file or a packaged name.")] = "all",
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure finished runs; rows go to measures.csv and in a table to the terminal.

    Measuring again replaces the rows of the measures that are computed and keeps all others.

    Example: genlab measure mnist-mlp --only log_l2_path_norm,margin_5th_percentile
    """
    from genlab.cli.output import print_json, print_table, waiting
    from genlab.cli.passes import over_runs
    from genlab.measures.measure_run import measure_run
    from genlab.measures.request import read_request
    from genlab.training.devices import resolve_device

    request = read_request(config, [name.strip() for name in only.split(",") if name.strip()] if only else None)
    where = resolve_device(device or "auto")
    found: list[dict[str, Any]] = []

    def work(run: Any) -> None:
        with waiting(f"measuring {run.directory.path}", quiet):
            results = measure_run(run, request.names, request.options, device=where)
        if as_json:
            found.append({"id": run.directory.run_id, "path": str(run.directory.path), "rows": results.rows})
        elif not quiet:
            columns = ("measure", "layer", "value", "unit", "options", "reason")
            print_table(columns, results.rows, title=str(run.directory.path))
        else:
            print(run.directory.measures)

    code = over_runs(targets, runs, data_dir, work)
    if as_json:
        print_json(found)
    if code:
        raise typer.Exit(code)
