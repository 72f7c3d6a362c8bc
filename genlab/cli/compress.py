"""`genlab compress`."""

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
    Verbose,
    Where,
)


def compress(
    targets: RunTargets = None,
    config: Annotated[str, typer.Option("--config", help="A compress config: a file or a packaged name.")] = "svd",
    at_epochs: AtEpochs = False,
    where: Where = None,
    last: Last = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only settings that have no row yet: go on after an interruption.")
    ] = False,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Keep the compressed nets.")] = True,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    table_format: AsTable = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compress trained nets and see which errors remain.

    The rows go to compression.csv of each run, and in a table to the terminal. A name stands
    for all its runs; those that are not finished are left out.

    Compressing again replaces the rows of the same method and setting and keeps all others; with --missing it leaves
    out settings that are done. With --at-epochs a run is
    compressed as it ended and at every epoch whose weights it kept (execution.keep_weights_at).

    Example: genlab compress mnist-mlp --config svd
    """
    from genlab.cli.output import format_of, waiting
    from genlab.cli.passes import PassResults, over_runs, runs_to_pass_over

    chosen = format_of(table_format, as_json=as_json)
    directories = runs_to_pass_over(targets or [], runs, where=where or [], last=last)

    # After the runs, so that what is wrong with their names is told at once and not after torch has been loaded.
    from genlab.compression.compress_run import compress_run
    from genlab.compression.settings import read_settings
    from genlab.config.load import load
    from genlab.config.schema.compress import CompressConfig
    from genlab.hardware.devices import resolve_device

    settings = read_settings(config)
    at_epochs = at_epochs or load(CompressConfig, config, kind="compress").config.at_epochs
    on = resolve_device(device or "auto")
    columns = ("parameters", "ratio", "train_error", "test_error", "margin_loss", "reason")
    results = PassResults(("method", "setting", *(("epoch",) if at_epochs else ()), *columns), chosen, quiet=quiet)

    def work(run: Any) -> None:
        with waiting(f"compressing {run.directory.path}", quiet):
            epochs = run.along_training() if at_epochs else [None]
            rows: list[dict[str, Any]] = []
            try:
                rows.extend(compress_run(run, settings, device=on, save=save, epochs=epochs, missing=missing))
            finally:
                if len(rows) > 1:  # more than the net before compression
                    results.add(run.directory, rows, run.directory.compression)

    code = over_runs(directories, data_dir, work)
    results.finish()
    if code:
        raise typer.Exit(code)
