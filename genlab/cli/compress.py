"""`genlab compress`."""

from typing import Annotated, Any

import typer

from genlab.cli.options import DEFAULT_DATA, DEFAULT_RUNS, AsJson, DataDir, Device, Quiet, Runs, RunTargets, Verbose


def compress(
    targets: RunTargets,
    config: Annotated[str, typer.Option("--config", help="A compress config: a file or a packaged name.")] = "svd",
    save: Annotated[bool, typer.Option("--save/--no-save", help="Keep the compressed nets.")] = True,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compress finished runs; rows go to compression.csv and in a table to the terminal.

    Compressing again replaces the rows of the same method and setting and keeps all others.

    Example: genlab compress mnist-mlp --config svd
    """
    from genlab.cli.output import print_json, print_table, waiting
    from genlab.cli.passes import over_runs
    from genlab.compression.compress_run import compress_run
    from genlab.compression.settings import read_settings
    from genlab.hardware.devices import resolve_device

    settings = read_settings(config)
    where = resolve_device(device or "auto")
    found: list[dict[str, Any]] = []

    def work(run: Any) -> None:
        with waiting(f"compressing {run.directory.path}", quiet):
            rows = list(compress_run(run, settings, device=where, save=save))
        if as_json:
            found.append({"id": run.directory.run_id, "path": str(run.directory.path), "rows": rows})
        elif not quiet:
            columns = ("method", "setting", "parameters", "ratio", "train_error", "test_error", "margin_loss", "reason")
            print_table(columns, rows, title=str(run.directory.path))
        else:
            print(run.directory.compression)

    code = over_runs(targets, runs, data_dir, work)
    if as_json:
        print_json(found)
    if code:
        raise typer.Exit(code)
