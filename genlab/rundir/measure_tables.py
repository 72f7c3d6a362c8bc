"""The file of a measure that is a table: rows by epoch and options in front of the measure's own columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from genlab.rundir.columns import IN_A_TABLE, MEASURE_TABLE_COLUMNS, MEASURE_TABLE_KEY
from genlab.rundir.layout import RunDirectory
from genlab.rundir.tables import Row, cell, header_and_rows, key_of, read_table, write_table


def measure_table_cells(run: RunDirectory, measure: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns of `measures/<measure>.csv`, and its rows as text with their line numbers; none without a file.

    A file of the first version, whose rows were replaced whatever their options, is of the net as it ended, with those
    options that measures.csv has last for the measure.

    Raises:
        GenlabError: it is damaged.
    """
    header, rows = header_and_rows(run.measure_table(measure))
    if MEASURE_TABLE_COLUMNS.keys() <= set(header):
        return header, rows
    options = [row.get("options", "") for row in read_table(run.measures) if _is_table_of(row, measure)]
    key = {"epoch": "", "options": options[-1] if options else ""}
    return [*key, *header], [(number, key | row) for number, row in rows]


def replace_measure_table(
    run: RunDirectory, measure: str, rows: Sequence[Row], *, columns: Sequence[str], epoch: int | None, options: str
) -> None:
    """Put the rows of a measure into its file, in place of those of the same epoch and options.

    Args:
        rows: of the measure's table; none to take away those that there were.
        columns: the measure's own. Where the file has others too, as that of another version, it keeps them.
        epoch: after which the weights were kept; None for the net as it ended.
        options: as in measures.csv.
    """
    key: dict[str, Any] = {"epoch": epoch, "options": options}
    replaced = tuple(cell(key[column]) for column in MEASURE_TABLE_KEY)
    header, before = measure_table_cells(run, measure)
    kept = [row for _, row in before if key_of(row, MEASURE_TABLE_KEY) != replaced]
    fresh = [key | dict(row) for row in rows]
    write_table(run.measure_table(measure), dict.fromkeys([*header, *columns]), [*kept, *fresh])


def _is_table_of(row: Mapping[str, str], measure: str) -> bool:
    return row.get("measure") == measure and row.get("reason") == IN_A_TABLE
