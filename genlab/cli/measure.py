"""`genlab measure`."""

from dataclasses import replace
from typing import Annotated

import typer

from genlab.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    AsJson,
    AsTable,
    AtEpochs,
    DataDir,
    DatasetName,
    Device,
    InitialWeights,
    Last,
    NetFile,
    OutputDirectory,
    OwnLoss,
    PixelNormalisation,
    Quiet,
    Runs,
    RunsOrOverrides,
    StateKey,
    Verbose,
    Weights,
    Where,
)


def measure(
    targets: RunsOrOverrides = None,
    only: Annotated[str | None, typer.Option("--only", help="Names of measures, comma-separated.")] = None,
    config: Annotated[str, typer.Option("--config", help="A measure config: a file or a packaged name.")] = "quick",
    at_epochs: AtEpochs = False,
    where: Where = None,
    last: Last = False,
    model: NetFile = None,
    weights: Weights = None,
    key: StateKey = None,
    initial: InitialWeights = None,
    data: DatasetName = None,
    normalisation: PixelNormalisation = None,
    loss: OwnLoss = None,
    output: OutputDirectory = None,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    table_format: AsTable = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure trained nets, runs or one of your own: norms, margins, sharpness, curvature and more.

    The rows go to measures.csv of each run, and in a table to the terminal. A name stands
    for all its runs; those that are not finished are left out.

    Measuring again replaces the rows of the measures that are computed and keeps all others. With --at-epochs a run is
    measured as it ended and at every epoch whose weights it kept (execution.keep_weights_at). A net of your own is made
    by a function in a Python file, which is executed, with weights from a file and the images of a data set by name.

    Example: genlab measure mnist-mlp --only log_l2_path_norm,margin_5th_percentile
    """
    from genlab.cli.measure_targets import NetFiles, measure_net, measure_runs
    from genlab.cli.output import format_of
    from genlab.cli.passes import runs_to_pass_over
    from genlab.errors import UsageError

    chosen = format_of(table_format, as_json=as_json)
    more = {"--initial": initial, "--key": key, "--normalisation": normalisation, "--loss": loss}
    selecting = "--where" if where else "--last" if last else None
    net = NetFiles.of(
        targets or [], model=model, weights=weights, data=data, output=output, more=more, selecting=selecting
    )
    if net is not None and at_epochs:
        raise UsageError("--at-epochs is of runs; a net of your own has its weights alone")
    directories = runs_to_pass_over(targets or [], runs, where=where or [], last=last) if net is None else []

    # After the runs, so that what is wrong with their names is told at once and not after torch has been loaded.
    from genlab.hardware.devices import resolve_device
    from genlab.measures.computing.request import read_request

    request = read_request(config, [name.strip() for name in only.split(",") if name.strip()] if only else None)
    request = replace(request, at_epochs=at_epochs or request.at_epochs)
    on = resolve_device(device or "auto")
    if net is not None:
        measure_net(net, request, data_dir, on, table_format=chosen, quiet=quiet)
        return
    code = measure_runs(directories, request, data_dir, on, table_format=chosen, quiet=quiet)
    if code:
        raise typer.Exit(code)
