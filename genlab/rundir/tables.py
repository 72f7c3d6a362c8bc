"""CSV files of a run: rows as dictionaries, merged by key, read with the line of any damage."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genlab.errors import GenlabError
from genlab.rundir.atomic import write_text

Row = Mapping[str, Any]
REMEDY = "mend the line, or remove the file and compute it again"


def cell(value: Any) -> str:
    """A value as it stands in a file: floats with all their digits, booleans as true and false, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def line(columns: Sequence[str], row: Row) -> str:
    """One row as a line of CSV, with its newline."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([cell(row.get(column)) for column in columns])
    return buffer.getvalue()


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Replace a CSV file atomically."""
    write_text(path, line(columns, {c: c for c in columns}) + "".join(line(columns, row) for row in rows))


def read_table(path: Path, columns: Sequence[str] | None = None, remedy: str = REMEDY) -> list[dict[str, str]]:
    """The rows of a CSV file as strings; none where there is no file.

    Args:
        columns: the header that is expected; any where not given.
        remedy: what the user can do when the file is damaged; ends the error message.

    Raises:
        GenlabError: names the file and the line that is damaged.
    """
    if not path.exists():
        return []
    text = read_whole(path, remedy)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(reader, [])
        if columns is not None and header != list(columns):
            raise damaged(path, 1, f"its header is not {','.join(columns)}", remedy)
        rows = []
        for values in reader:
            if len(values) != len(header):
                what = f"{len(values)} fields where the header has {len(header)}"
                raise damaged(path, reader.line_num, what, remedy)
            rows.append(dict(zip(header, values, strict=True)))
    except csv.Error as error:
        raise damaged(path, reader.line_num, str(error), remedy) from None
    return rows


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


def replace_rows(
    path: Path, columns: Sequence[str], rows: Sequence[Row], key: Callable[[Row], tuple[Any, ...]]
) -> list[dict[str, str]]:
    """Put rows into a CSV file in place of those with the same key; all others stay where they are.

    Args:
        key: of a row; rows of the file whose key is among those of `rows` are dropped.

    Returns:
        All rows of the file as it is now.
    """
    fresh = [{column: cell(row.get(column)) for column in columns} for row in rows]
    replaced = {key(row) for row in fresh}
    kept = [row for row in read_table(path, columns) if key(row) not in replaced]
    write_table(path, columns, kept + fresh)
    return kept + fresh


def damaged(path: Path, number: int, what: str, remedy: str = REMEDY) -> GenlabError:
    """The error for a damaged line of a file."""
    return GenlabError(f"{path}:{number}: damaged: {what}; {remedy}")
