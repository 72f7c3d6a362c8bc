"""Which rows of a table of runs count."""

from typing import get_args

import pandas as pd

from genlab.rundir.status import State

FINISHED = "finished"
# Words of the column `status` for runs that do not count; any other word is that of someone else's table.
UNFINISHED = ({*get_args(State)} - {FINISHED}) | {"unmeasured", "resumable", "missing"}


def rows_that_count(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Without rows that equal another one in every column, and without runs that are not finished.

    A run is not finished where its `status` is another of genlab's words; words that are none of these are heeded not.

    Returns:
        The rows, and a sentence for each reason for which some were left out.
    """
    notes: list[str] = []
    return _finished(_different(frame, notes), notes), notes


def _different(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    again = frame.astype(str).duplicated().to_numpy()
    count = int(again.sum())
    if count:
        rows, are = ("1 row equals", "is") if count == 1 else (f"{count} rows equal", "are")
        notes.append(f"{rows} another one in every column and {are} left out.")
    return frame[~again]


def _finished(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    if "status" not in frame:
        return frame
    left_out = frame["status"].isin(UNFINISHED).to_numpy()
    count = int(left_out.sum())
    if count:
        are = "is" if count == 1 else "are"
        notes.append(f"{count} of {len(frame)} runs {are} not finished and {are} left out.")
    frame = frame[~left_out]
    strange = frame["status"][frame["status"].notna() & (frame["status"] != FINISHED)]
    if len(strange):
        runs = "1 run, which counts" if len(strange) == 1 else f"{len(strange)} runs, which count"
        notes.append(f"status is {strange.iloc[0]!r}, no word of genlab's, in {runs}.")
    return frame
