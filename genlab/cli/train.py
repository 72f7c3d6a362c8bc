"""`genlab train`."""

from pathlib import Path
from typing import Annotated

import typer

from genlab.cli.options import DEFAULT_DATA, DEFAULT_RUNS, AsJson, DataDir, Device, Overrides, Quiet, Runs, Verbose


def train(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="CONFIG", help="A file, a packaged name, or a run directory.")],
    overrides: Overrides = None,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    force: Annotated[bool, typer.Option("--force", help="Start afresh, whatever there is.")] = False,
    allow_device_change: Annotated[
        bool, typer.Option("--allow-device-change", help="Resume on another kind of device.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train a net; an unfinished run goes on where it was, a finished one is left as it is.

    Example: genlab train mnist-mlp data.labels.corruption=0.5 seed=1
    """
    from genlab.cli.output import print_json
    from genlab.config.load import load_train_config
    from genlab.errors import ConfigError

    arguments = [*(overrides or []), *([f"execution.device={device}"] if device else [])]
    loaded = load_train_config(target, arguments)

    # After the config, so that what is wrong in it is told at once and not after torch has been loaded.
    from genlab.training.progress import Reporting, Silent
    from genlab.training.train_run import train_run

    try:
        result = train_run(
            loaded.config,
            runs=_runs_of(context, target, runs),
            data_dir=data_dir,
            progress=Silent() if quiet else Reporting(),
            force=force,
            allow_device_change=allow_device_change,
        )
    except ConfigError as error:
        raise loaded.located(error) from error
    status, final = result.status, result.status["final"]
    if as_json:
        print_json(status | {"path": str(result.run.path), "already_finished": result.already})
        return
    errors = f"train error {final['train_error']:.2%}, test error {final['test_error']:.2%}" if final else "no epochs"
    ending = "was finished already (--force starts afresh)" if result.already else f"finished: {status['reason']}"
    print(f"{result.run.path}: {ending}; {errors}")


def _runs_of(context: typer.Context, target: str, runs: Path) -> Path:
    """A run directory goes on where it lies, unless --runs was typed."""
    source = context.get_parameter_source("runs")
    typed = source is not None and source.name == "COMMANDLINE"
    return runs if typed or not (Path(target) / "config.yaml").exists() else Path(target).resolve().parent
