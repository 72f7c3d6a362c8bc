"""The tables of a run by name, each cell as a value in the type of its column: the one reader of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.rundir.columns import LAYER_NAMES, Kind, columns_of
from genlab.rundir.layout import RunDirectory
from genlab.rundir.measure_tables import measure_table_cells
from genlab.rundir.tables import REMEDY, damaged, header_and_rows

if TYPE_CHECKING:
    import pandas as pd

BOOLEANS = {"true": True, "false": False}


def table_rows(run: RunDirectory, name: str, remedy: str = REMEDY) -> list[dict[str, Any]]:
    """The rows of a table; none where there is no file.

    Text stays text, also where it reads as a number, so that the layer "1" is a name; an empty cell of it is "". In
    other columns an empty cell is None. Columns that files of the first version lack are there, without values. A
    column that is declared nowhere, of a measure's own table, is integers, numbers or booleans where every cell that is
    not empty is one, else text.

    Args:
        name: history, timing, labels, measures, compression, compression_layers, bounds or measures/NAME.
        remedy: what the user can do when the file is damaged.

    Raises:
        GenlabError: names the file and the line that is damaged.
    """
    return _typed(run, name, remedy)[1]


def table_frame(run: RunDirectory, name: str, remedy: str = REMEDY) -> "pd.DataFrame":
    """The rows of `table_rows` as a DataFrame, without rows but with its columns where there is no file.

    Missing numbers are NaN, as pandas has it, so that whole numbers with gaps are floats; missing booleans are None.
    """
    import pandas as pd

    kinds, rows = _typed(run, name, remedy)
    frame = pd.DataFrame({column: pd.Series([row[column] for row in rows], dtype=object) for column in kinds})
    gaps = frame.isna().any()
    return frame.astype({column: _dtype(kind, gaps=bool(gaps[column])) for column, kind in kinds.items()})


def value_of(text: str, kind: Kind) -> Any:
    """A cell as a value.

    Raises:
        ValueError: it is none of its kind.
    """
    if kind == "text":
        return text
    if text in ("", "nan"):
        return None
    if kind == "boolean":
        if text not in BOOLEANS:
            raise ValueError("is neither true nor false")
        return BOOLEANS[text]
    try:
        return float(text) if kind == "number" else int(text.removesuffix(".0"))
    except ValueError:
        raise ValueError(f"is no {'number' if kind == 'number' else 'whole number'}") from None


def row_of(
    path: Path, number: int, cells: Mapping[str, str], kinds: Mapping[str, Kind], remedy: str = REMEDY
) -> dict[str, Any]:
    """The cells of a row as values.

    Args:
        path, number: of the file and the line, for the error.
        kinds: by column; one that the row lacks is empty.

    Raises:
        GenlabError: a cell is none of its kind.
    """
    row: dict[str, Any] = {}
    for column, kind in kinds.items():
        try:
            row[column] = value_of(cells.get(column, ""), kind)
        except ValueError as error:
            raise damaged(path, number, f"{column} {error}: {cells[column]!r}", remedy) from None
    return row


def _dtype(kind: Kind, *, gaps: bool) -> str:
    """How pandas keeps a column; text has no gaps."""
    if kind == "integer":
        return "float64" if gaps else "int64"
    if kind == "boolean":
        return "object" if gaps else "bool"
    return "float64" if kind == "number" else "object"


def _typed(run: RunDirectory, name: str, remedy: str) -> tuple[dict[str, Kind], list[dict[str, Any]]]:
    """The kind of each column, and the rows."""
    path, declared, (_, _, measure) = run.table(name), columns_of(name), name.partition("/")
    header, cells = measure_table_cells(run, measure) if measure else header_and_rows(path, remedy=remedy)
    if path.exists():
        for column in declared:
            if column not in header and not declared[column].added:
                raise damaged(path, 1, f"it has no column {column}", remedy)
    kinds = {
        column: declared[column].kind if column in declared else _kind_of(column, [row[column] for _, row in cells])
        for column in dict.fromkeys([*declared, *header])
    }
    return kinds, [row_of(path, number, row, kinds, remedy) for number, row in cells]


def _kind_of(column: str, cells: Sequence[str]) -> Kind:
    """What all cells of a column are that is declared nowhere."""
    if column in LAYER_NAMES:
        return "text"
    kinds: tuple[Kind, ...] = ("boolean", "integer", "number")
    if all(text == "" or "." in text for text in cells):
        kinds = ("number",)  # 1.0 is a number that happens to be whole
    return next((kind for kind in kinds if _all_are(cells, kind)), "text")


def _all_are(cells: Sequence[str], kind: Kind) -> bool:
    try:
        return bool([value_of(text, kind) for text in cells])
    except ValueError:
        return False
