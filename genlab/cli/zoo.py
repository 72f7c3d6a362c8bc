"""`genlab zoo`."""

from pathlib import Path
from typing import Annotated, Literal

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

Against = Annotated[str, typer.Option("--against", help="gap (test error - training error), or a column.")]
Hyperparameters = Annotated[str | None, typer.Option("--hyperparameters", help="Columns, comma-separated.")]
Measures = Annotated[str | None, typer.Option("--measures", help="Columns, comma-separated; all measures if left out.")]
SeedColumn = Annotated[str, typer.Option("--seed-column", help="Column that tells repeats apart.")]
TestImages = Annotated[
    int | None, typer.Option("--test-images", min=0, help="Behind a test error, to weigh pairs; 0: all weigh the same.")
]
LeastPairs = Annotated[
    float, typer.Option("--least-pairs", min=0, help="Effective pairs of runs that a sign error needs; 3 seeds make 9.")
]
Over = Literal["configurations", "runs", "seeds"]


def zoo(
    targets: Annotated[
        list[str], typer.Argument(metavar="RUN|SWEEP|CSV...", help="Runs, a sweep (and changes), or tables of runs.")
    ],
    against: Against = "gap",
    hyperparameters: Hyperparameters = None,
    measures: Measures = None,
    seed_column: SeedColumn = "seed",
    test_images: TestImages = None,
    least_pairs: LeastPairs = 12,
    over: Annotated[Over, typer.Option("--over", help="What intervals resample.")] = "configurations",
    scale: Scale = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for table and figure.")] = None,
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    table_format: AsTable = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Rank measures by how well they predict the generalization gap, or any column, over many runs.

    Kendall's tau, its granulated form, the conditional mutual information score and the robust sign error, with
    bootstrap intervals. A table from elsewhere needs a header, a row a run, and --hyperparameters; notes
    above its header start with #.

    Example: genlab zoo jiang2020-zoo --scale smoke
    """
    from genlab.cli.output import format_of, waiting
    from genlab.cli.zoo_output import print_zoo
    from genlab.report.zoo import write_zoo
    from genlab.statistics.ranking import rank_measures
    from genlab.statistics.table import zoo_table
    from genlab.sweeps.zoo_runs import config_columns, gather_runs, known_test_images

    chosen = format_of(table_format, as_json=as_json)
    gathered = gather_runs(targets, scale=scale, runs=runs, data_dir=data_dir)
    found = zoo_table(
        gathered.frame,
        config_keys=config_columns(),
        against=against,
        hyperparameters=_names(hyperparameters),
        measures=_names(measures),
        seed=seed_column,
    )
    if test_images is None:
        test_images = known_test_images(gathered.frame, found.target)
    with waiting(f"ranking {len(found.measures)} measures of {len(found.values)} runs", quiet):
        ranked = rank_measures(found, over=over, test_images=test_images or None, least_pairs=least_pairs)
        files = write_zoo(found, ranked, out or gathered.folder, over, test_images or None)
    if quiet and chosen is TableFormat.table:
        print(files["table"])
    else:
        print_zoo(found, ranked, files, over, test_images, least_pairs, chosen)


def _names(text: str | None) -> list[str] | None:
    return [name.strip() for name in text.split(",") if name.strip()] if text is not None else None
