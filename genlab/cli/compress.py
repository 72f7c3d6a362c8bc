"""`genlab compress`."""

from typing import Annotated, Any

import typer

from genlab.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    AsJson,
    AtEpochs,
    DataDir,
    Device,
    Quiet,
    Runs,
    RunTargets,
    Verbose,
)


def compress(
    targets: RunTargets,
    config: Annotated[str, typer.Option("--config", help="A compress config: a file or a packaged name.")] = "svd",
    at_epochs: AtEpochs = False,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Keep the compressed nets.")] = True,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compress trained nets and see which errors remain.

    The rows go to compression.csv of each run, and in a table to the terminal.
    Compressing again replaces the rows of the same method and setting and keeps all others. With --at-epochs a run is
    compressed as it ended and at every epoch whose weights it kept (execution.keep_weights_at).

    Example: genlab compress mnist-mlp --config svd
    """
    from genlab.cli.output import print_json, print_table, waiting
    from genlab.cli.passes import over_runs
    from genlab.compression.compress_run import compress_run
    from genlab.compression.settings import read_settings
    from genlab.config.load import load
    from genlab.config.schema.compress import CompressConfig
    from genlab.hardware.devices import resolve_device

    settings = read_settings(config)
    at_epochs = at_epochs or load(CompressConfig, config, kind="compress").config.at_epochs
    where = resolve_device(device or "auto")
    found: list[dict[str, Any]] = []

    def work(run: Any) -> None:
        with waiting(f"compressing {run.directory.path}", quiet):
            epochs = run.along_training() if at_epochs else [None]
            rows = list(compress_run(run, settings, device=where, save=save, epochs=epochs))
        if as_json:
            found.append({"id": run.directory.run_id, "path": str(run.directory.path), "rows": rows})
        elif not quiet:
            columns = ("parameters", "ratio", "train_error", "test_error", "margin_loss", "reason")
            print_table(
                ("method", "setting", *(("epoch",) if at_epochs else ()), *columns), rows, title=str(run.directory.path)
            )
        else:
            print(run.directory.compression)

    code = over_runs(targets, runs, data_dir, work)
    if as_json:
        print_json(found)
    if code:
        raise typer.Exit(code)
