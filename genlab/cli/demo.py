"""`genlab demo`."""

from genlab.cli.options import DEFAULT_DATA, DEFAULT_RUNS, AsJson, AsTable, DataDir, Quiet, Runs, TableFormat, Verbose


def demo(
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    table_format: AsTable = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See genlab at work: train, measure and compress three nets on true, half corrupted and random labels.

    Takes well under a minute, on digits that come along. All three fit their labels; only the margin, the norms and
    the test error tell them apart.

    Example: genlab demo
    """
    from genlab.cli.output import format_of, print_rows
    from genlab.report.demo import run_demo
    from genlab.training.progress import Reporting, Silent

    chosen = format_of(table_format, as_json=as_json)
    found = run_demo(runs, data_dir, Silent() if quiet else Reporting())
    print_rows(list(found.rows[0]), found.rows, chosen, document={"rows": found.rows, "figure": str(found.figure)})
    if chosen is not TableFormat.table:
        return
    print("'parameters kept' is the least after SVD truncation that adds at most 1 point to the training error")
    print(f"figure: {found.figure}")
