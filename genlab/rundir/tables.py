"""CSV files of a run: rows as dictionaries, merged by key, read with the line of any damage."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genlab.errors import GenlabError
from genlab.rundir.atomic import write_text
from genlab.rundir.columns import Columns

Row = Mapping[str, Any]
REMEDY = "mend the line, or remove the file and compute it again"


def cell(value: Any) -> str:
    """A value as it stands in a file: floats with all their digits, booleans as true and false, None and NaN empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(float(value))
    return "" if value is None else str(value)


def line(columns: Iterable[str], row: Row) -> str:
    """One row as a line of CSV, with its newline."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([cell(row.get(column)) for column in columns])
    return buffer.getvalue()


def write_table(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """Replace a CSV file atomically."""
    columns = list(columns)
    write_text(path, line(columns, {c: c for c in columns}) + "".join(line(columns, row) for row in rows))


def read_table(path: Path, columns: Columns | None = None, remedy: str = REMEDY) -> list[dict[str, str]]:
    """The rows of a CSV file as the text that stands there; none where there is no file.

    Whoever wants values reads them by `run_tables`, in the types of their columns.

    Args:
        columns: the header that is expected, where files of the first version may lack what was `added`, which is then
            empty; any header where not given.
        remedy: what the user can do when the file is damaged; ends the error message.

    Raises:
        GenlabError: names the file and the line that is damaged.
    """
    return [row for _, row in header_and_rows(path, columns, remedy)[1]]


def header_and_rows(
    path: Path, columns: Columns | None = None, remedy: str = REMEDY
) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header of a file, and the rows of `read_table`, each with the number of its (last) line.

    Where there is no file the header is that which is expected.
    """
    if not path.exists():
        return list(columns or ()), []
    text = read_whole(path, remedy)
    if text and not text.endswith("\n"):
        # Cut off in its last cell, which may still read as a number: another one.
        raise damaged(path, text.count("\n") + 1, "it ends in the middle of a line", remedy)
    return _parsed(path, text, columns, remedy)


def whole_rows(path: Path, columns: Columns | None = None, remedy: str = REMEDY) -> list[tuple[int, dict[str, str]]]:
    """The rows of a file that somebody may be adding to, each with its line; a last line that is not whole is none."""
    if not path.exists():
        return []
    text = read_whole(path, remedy)
    return _parsed(path, text[: text.rfind("\n") + 1], columns, remedy)[1]


def _parsed(
    path: Path, text: str, columns: Columns | None, remedy: str
) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(reader, [])
        if columns is not None and header != [c for c in columns if c in header or not columns[c].added]:
            raise damaged(path, 1, f"its header is not {','.join(columns)}", remedy)
        empty = dict.fromkeys(columns or (), "")
        rows = []
        for values in reader:
            if len(values) != len(header):
                what = f"{len(values)} fields where the header has {len(header)}"
                raise damaged(path, reader.line_num, what, remedy)
            rows.append((reader.line_num, empty | dict(zip(header, values, strict=True))))
    except csv.Error as error:
        raise damaged(path, reader.line_num, str(error), remedy) from None
    return header, rows


def read_whole(path: Path, remedy: str = REMEDY) -> str:
    """The text of a CSV file to the letter, carriage returns included.

    Raises:
        GenlabError: it cannot be read or is not text.
    """
    try:
        content = path.read_bytes()
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(path, content[: error.start].count(b"\n") + 1, "not UTF-8 text", remedy) from None
    except OSError as error:
        raise GenlabError(f"{path}: cannot be read: {error.strerror}; {remedy}") from None


def replace_rows(path: Path, columns: Columns, rows: Sequence[Row], key: Sequence[str]) -> list[dict[str, str]]:
    """Put rows into a CSV file in place of those with the same key; all others stay where they are.

    A file of the first version gets the columns that were added since.

    Args:
        key: columns; rows of the file whose values there are those of one of `rows` are dropped.

    Returns:
        All rows of the file as it is now.
    """
    fresh = [{column: cell(row.get(column)) for column in columns} for row in rows]
    replaced = {key_of(row, key) for row in fresh}
    kept = [row for row in read_table(path, columns) if key_of(row, key) not in replaced]
    write_table(path, columns, kept + fresh)
    return kept + fresh


def key_of(row: Row, key: Sequence[str]) -> tuple[Any, ...]:
    """The values of a row in some columns."""
    return tuple(row[column] for column in key)


def damaged(path: Path, number: int, what: str, remedy: str = REMEDY) -> GenlabError:
    """The error for a damaged line of a file."""
    return GenlabError(f"{path}:{number}: damaged: {what}; {remedy}")
