"""The best evaluation of a run: what early stopping could have reached, beside what training ended with."""

from collections.abc import Iterable, Mapping
from typing import Any

from genlab.errors import GenlabError
from genlab.rundir.columns import BEST_COLUMNS
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_tables import table_rows


def best_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`best_test_error` and `best_epoch` of rows of a history: the least test error, and the first epoch that has it.

    Zhang et al. 2017 give it in parentheses beside the error of the last epoch. It is chosen by the test set, and so is
    too good an estimate; nothing is stopped by it. Empty where no row has a test error.
    """
    found: dict[str, Any] = {}
    for row in rows:
        error = row.get("test_error")
        if error is not None and not ("best_test_error" in found and error >= found["best_test_error"]):
            found = {"best_test_error": error, "best_epoch": row["epoch"]}
    return found


def better(best: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The best of so far and a further row."""
    before = {"test_error": best.get("best_test_error"), "epoch": best.get("best_epoch")}
    return best_of([before, row])


def with_best(final: Mapping[str, Any], run: RunDirectory) -> dict[str, Any]:
    """The final errors of a run's status with the best ones: from the history, where an earlier version wrote it.

    As they are where the history is gone or damaged.
    """
    if not final or BEST_COLUMNS.keys() <= final.keys():
        return dict(final)
    try:
        return dict(final) | best_of(table_rows(run, "history"))
    except GenlabError:
        return dict(final)
