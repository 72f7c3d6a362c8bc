"""`history.csv` and `timing.csv`: grown a row at an evaluation, cut back to the checkpoint when a run is resumed."""

import math
from pathlib import Path
from typing import Any

from genlab.errors import GenlabError
from genlab.rundir.atomic import cannot_write, write_text
from genlab.rundir.columns import HISTORY_COLUMNS, Columns
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_tables import row_of
from genlab.rundir.tables import Row, damaged, header_and_rows, line, read_table, read_whole, whole_rows, write_table

# Unlike a table of measures it cannot be computed again on its own.
REMEDY = "mend it, or start the run afresh with --force"


def last_errors(run: RunDirectory) -> dict[str, Any]:
    """The values of the last whole row of a run's history, as `final` of a status has them; none where it is damaged.

    For lists of runs, in which one that is damaged is no reason to tell nothing of the others.
    """
    kinds = {name: column.kind for name, column in HISTORY_COLUMNS.items()}
    try:
        rows = whole_rows(run.history, HISTORY_COLUMNS, REMEDY)
        last = row_of(run.history, *rows[-1], kinds, REMEDY) if rows else {}
    except GenlabError:
        return {}
    return {key: value for key, value in last.items() if value is not None and math.isfinite(value)}


class GrowingTable:
    """A CSV file that grows by whole lines.

    Args:
        path: of the file.
        columns: its header; one of them is `step`.
    """

    def __init__(self, path: Path, columns: Columns):
        self.path, self.columns = path, columns

    def start(self) -> None:
        """An empty table, whatever was there."""
        write_table(self.path, self.columns, [])

    def append(self, row: Row) -> None:
        """Add a row at the end."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line(self.columns, row))
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def cut_back(self, step: int) -> None:
        """Drop the rows after `step`, and a last line that was cut off in the middle of writing.

        Rows before are kept to the letter, so that a resumed table equals an undisturbed one byte for byte.

        Raises:
            GenlabError: the file is missing, or another line is damaged.
        """
        text = read_whole(self.path, REMEDY)
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            write_text(self.path, whole)
        rows = read_table(self.path, self.columns, REMEDY)
        for number, row in enumerate(rows, start=2):
            if not row["step"].isdecimal():
                raise damaged(self.path, number, f"{row['step']!r} is not a step", REMEDY)
        kept = [row for row in rows if int(row["step"]) <= step]
        if len(kept) < len(rows):
            write_table(self.path, self.columns, kept)

    def rows(self) -> list[dict[str, Any]]:
        """The values of all rows, each in the type of its column.

        Raises:
            GenlabError: the file is damaged.
        """
        _, rows = header_and_rows(self.path, self.columns, REMEDY)
        kinds = {name: column.kind for name, column in self.columns.items()}
        return [row_of(self.path, number, cells, kinds, REMEDY) for number, cells in rows]

    def last(self) -> dict[str, Any] | None:
        """Those of the last row, or None.

        Raises:
            GenlabError: the file is damaged.
        """
        rows = self.rows()
        return rows[-1] if rows else None
