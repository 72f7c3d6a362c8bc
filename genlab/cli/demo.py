"""`genlab demo`."""

from genlab.cli.options import DEFAULT_DATA, DEFAULT_RUNS, AsJson, DataDir, Quiet, Runs, Verbose


def demo(
    runs: Runs = DEFAULT_RUNS,
    data_dir: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """See genlab at work: train, measure and compress three nets on true, half corrupted and random labels.

    Takes well under a minute, on digits that come along. All three fit their labels; only the margin, the norms and
    the test error tell them apart.

    Example: genlab demo
    """
    from genlab.cli.output import print_json, print_table
    from genlab.report.demo import run_demo
    from genlab.training.progress import Reporting, Silent

    found = run_demo(runs, data_dir, Silent() if quiet else Reporting())
    if as_json:
        print_json({"rows": found.rows, "figure": str(found.figure)})
        return
    print_table(list(found.rows[0]), found.rows)
    print("'parameters kept' is the least after SVD truncation that adds at most 1 point to the training error")
    print(f"figure: {found.figure}")
