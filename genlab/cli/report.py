"""`genlab report`."""

from typing import Annotated

import typer

from genlab.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    AsJson,
    AsTable,
    DataDir,
    Quiet,
    Runs,
    Scale,
    TableFormat,
    Verbose,
)


def report(
    targets: Annotated[
        list[str], typer.Argument(metavar="SWEEP|KEY.PATH=VALUE", help="Sweep files or names, then changes.")
    ],
    scale: Scale = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Exit with 1 when a claim fails, 3 when one cannot be told or a cell is missing."),
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Of the paper's own curves alone: no run is needed.")
    ] = False,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    table_format: AsTable = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See what came of sweeps: check their claims, draw their figures, write a page for each; nothing is trained.

    Give the changes that the sweep was run with, as they are part of which runs it means.

    Example: genlab report neyshabur2017-figure4 --scale smoke
    """
    from rich.console import Console

    from genlab.cli.claim_rows import COLUMNS, claim_rows
    from genlab.cli.output import format_of, print_rows
    from genlab.errors import UsageError
    from genlab.report.sweep_report import report_published, report_sweep
    from genlab.report.tables import print_report
    from genlab.sweeps.file.grid import load_sweep

    chosen = format_of(table_format, as_json=as_json)
    overrides = [target for target in targets if "=" in target]
    sweeps = [load_sweep(target, scale, overrides, any_scale=published) for target in targets if "=" not in target]
    if not sweeps:
        raise UsageError("name a sweep before the changes; `genlab ls configs` lists the packaged ones")
    if published:
        found = [report_published(sweep, runs=runs) for sweep in sweeps]
    else:
        found = [report_sweep(sweep, runs=runs, data_dir=data_dir) for sweep in sweeps]
    if chosen is not TableFormat.table:
        print_rows(COLUMNS, claim_rows(found), chosen, document=[one.as_dict() for one in found])
    for one in found if chosen is TableFormat.table else ():
        if quiet:
            print(one.files["page"])
        else:
            print_report(one.data, one.files, Console())
    if check and any(one.any_fails for one in found):
        raise typer.Exit(1)
    if check and any(one.any_untold for one in found):
        raise typer.Exit(3)
