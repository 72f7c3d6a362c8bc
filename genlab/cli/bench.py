"""`genlab bench`."""

from pathlib import Path
from typing import Annotated

import typer

from genlab.cli.options import DEFAULT_DATA, AsJson, AsTable, DataDir, Device, Overrides, Quiet, TableFormat, Verbose

DEFAULT_CONFIG = "digits-mlp"


def bench(
    target: Annotated[
        str, typer.Argument(metavar="[CONFIG]", help="A file, a packaged name, or a run directory.")
    ] = DEFAULT_CONFIG,
    overrides: Overrides = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.001, help="Of each of the six stages.")] = 2.0,
    data_dir: DataDir = DEFAULT_DATA,
    device: Device = None,
    table_format: AsTable = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure how fast training of a config is on this machine, what it needs, and what limits it.

    Images a second at three batch sizes, their part of the fastest matrix product that is measured here, the parts of
    a step, peak memory, and what would help. Takes about 20 seconds, and longer where a single step takes seconds.
    Nothing is written, and no run is made.

    Example: genlab bench cifar10-vgg11 training.precision=bfloat16
    """
    from genlab.cli.output import format_of, print_rows, waiting
    from genlab.config.load import load_train_config
    from genlab.errors import ConfigError

    chosen = format_of(table_format, as_json=as_json)
    arguments = [*(overrides or []), *([f"execution.device={device}"] if device else [])]
    if "=" in target and not Path(target).exists():
        target, arguments = DEFAULT_CONFIG, [target, *arguments]
    loaded = load_train_config(target, arguments)

    # After the config, so that what is wrong in it is told at once and not after torch has been loaded.
    from genlab.cli.bench_output import RATE_COLUMNS, rates, table
    from genlab.training.benchmark.measure_speed import measure_speed

    try:
        with waiting(f"measuring {loaded.config.name}, for 20 seconds or longer", quiet):
            speed = measure_speed(loaded.config, data_dir=data_dir, seconds=seconds)
    except ConfigError as error:
        raise loaded.located(error) from error
    if chosen is TableFormat.table:
        print("\n".join(table(speed)))
    else:
        print_rows(RATE_COLUMNS, rates(speed), chosen, document=speed.as_dict())
