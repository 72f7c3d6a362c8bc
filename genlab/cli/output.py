"""How verbs print: tables for people, in the format that is asked for, and JSON for programs."""

import contextlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genlab.cli.options import TableFormat
from genlab.cli.table_formats import csv_text, latex_text, markdown_text, shown
from genlab.errors import UsageError, shortened, visible

Rows = Sequence[Mapping[str, Any]]
SHORT = 20  # letters of a cell that is not folded for the sake of a header
_WORD_ENDS = re.compile(r"(?<=[\s_])(?=\S)|(?<=[.\-,])(?=[^\d\s.])|(?=\[)")


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=1, allow_nan=False))


def format_of(asked: TableFormat | None, *, as_json: bool = False, as_csv: bool = False) -> TableFormat:
    """The format that is asked for, whichever way: `--format`, or `--json` and `--csv`, which say the same.

    Raises:
        UsageError: two are.
    """
    ways = {f"--format {asked}": asked} if asked else {}
    ways |= ({"--json": TableFormat.json} if as_json else {}) | ({"--csv": TableFormat.csv} if as_csv else {})
    if len(set(ways.values())) > 1:
        raise UsageError(f"{' and '.join(ways)} are two formats; give one")
    return next(iter(ways.values()), TableFormat.table)


def print_rows(
    columns: Sequence[str],
    rows: Rows,
    table_format: TableFormat,
    *,
    document: Any = None,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    in_blocks: bool = False,
) -> None:
    """Rows on stdout in a format: the one way in which verbs print tables.

    CSV has full column names and every digit; what people read has short names and four digits.

    Args:
        document: what JSON has, where that is more than the rows.
        names: what columns are called where people read them; as they are where not given.
        title: above a table, in no other format.
        in_blocks: on a terminal that is too narrow, print as many columns as fit and the others below, each time beside
            the first column, instead of folding cells.
    """
    headers = [visible((names or {}).get(column, column)) for column in columns]
    if table_format is TableFormat.json:
        print_json(list(rows) if document is None else document)
    elif table_format is TableFormat.csv:
        print(csv_text(columns, rows), end="")
    elif table_format is TableFormat.table:
        print_table(columns, rows, title, headers, in_blocks=in_blocks)
    else:
        text = latex_text if table_format is TableFormat.latex else markdown_text
        cells = [[shown(row.get(column)) for column in columns] for row in rows]
        print(text(headers, cells, [_is_numeric(column, rows) for column in columns]), end="")


def print_table(
    columns: Sequence[str],
    rows: Rows,
    title: str | None = None,
    headers: Sequence[str] | None = None,
    *,
    in_blocks: bool = False,
) -> None:
    """A table on stdout; as wide as it needs where stdout is not a terminal, so that pipes see every cell in one line.

    On a terminal that is too narrow the headers are folded first, between their words, then the cells of the widest
    columns.
    """
    headers = list(columns if headers is None else headers)
    cells = [[shown(row.get(column)) for column in columns] for row in rows]
    widest = [max((cell_len(line[i]) for line in cells), default=1) for i in range(len(columns))]
    gaps = 2 * (len(columns) - 1)
    wide = [max(width, cell_len(header)) for width, header in zip(widest, headers, strict=True)]
    whole = gaps + sum(wide)
    console = Console() if sys.stdout.isatty() else Console(width=max(80, whole))
    numeric = [_is_numeric(column, rows) for column in columns]
    if title is not None:
        console.print(Text(visible(title), style="italic"), soft_wrap=True)
    if whole <= console.width:
        _print_lines(console, headers, cells, numeric)
        return
    if in_blocks and len(columns) > 2:
        # Long cells, such as reasons, are folded, so that several columns stand side by side.
        most = [min(width, (console.width - 4) // 3) for width in wide]
        for number, block in enumerate(_blocks(most, console.width)):
            if number:
                print()
            print_table([columns[i] for i in block], rows, headers=[headers[i] for i in block])
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for header, width, right in zip(headers, _widths(headers, widest, console.width - gaps), numeric, strict=True):
        folded = "\n".join(lines_of(header, width))
        table.add_column(Text(folded), justify="right" if right else "left", overflow="fold", width=width)
    sizes = [column.width or 1 for column in table.columns]
    for line in cells:
        table.add_row(*(Text("\n".join(lines_of(cell, size))) for cell, size in zip(line, sizes, strict=True)))
    console.print(table)


def terminal_width() -> int | None:
    """Of stdout where it is a terminal; None elsewhere, where there is room for all."""
    return Console().width if sys.stdout.isatty() else None


def lines_of(text: str, width: int) -> list[str]:
    """A text in lines of so many letters, broken where words end if that is enough."""
    lines = [""]
    for word in words_of(text):
        if lines[-1] and cell_len((lines[-1] + word).rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]


def words_of(text: str) -> list[str]:
    """The pieces of a text that stay whole as long as there is room; numbers are not broken."""
    return [word for word in _WORD_ENDS.split(text) if word] or [""]


def _blocks(wide: Sequence[int], room: int) -> list[list[int]]:
    """Columns in as few blocks as fit, each with the first column."""
    blocks: list[list[int]] = []
    used = room
    for index, width in enumerate(wide[1:], 1):
        if used + 2 + width > room:
            blocks.append([0])
            used = wide[0]
        blocks[-1].append(index)
        used += 2 + width
    return blocks


def _is_numeric(column: str, rows: Rows) -> bool:
    values = [row[column] for row in rows if row.get(column) is not None]
    return bool(values) and all(isinstance(value, int | float) for value in values)


def _print_lines(
    console: Console, headers: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> None:
    """A table in which nothing need be folded, by hand: rich takes two milliseconds a row, and there may be 10,000."""
    widths = [max(map(cell_len, column)) for column in zip(headers, *cells, strict=True)]

    def line(words: Sequence[str]) -> str:
        padded = []
        for word, width, right in zip(words, widths, numeric, strict=True):
            gap = " " * (width - cell_len(word))
            padded.append(gap + word if right else word + gap)
        return "  ".join(padded).rstrip()

    console.print(Text(line(headers), style="bold"), soft_wrap=True)
    for words in cells:
        print(line(words))


def _widths(headers: Sequence[str], cells: Sequence[int], room: int) -> list[int]:
    """How wide each column is when all together have `room`: as its cells if that fits, and more for its header.

    Long cells give way to the longest word of a header, short ones, such as ids and numbers, do not. What is left goes
    to the words of headers, then to more of them in a line.
    """
    words = [max(cell_len(word.rstrip()) for word in words_of(header)) for header in headers]
    widths = _capped(cells, words, room, least=SHORT) or _capped(cells, [1] * len(cells), room, least=1)
    widths = widths or [1] * len(cells)
    for wanted in (words, [cell_len(header) for header in headers]):
        while sum(widths) < room and any(w < want for w, want in zip(widths, wanted, strict=True)):
            tallest = max(range(len(widths)), key=lambda i: wanted[i] / widths[i])
            widths[tallest] += 1
    return widths


def _capped(cells: Sequence[int], floors: Sequence[int], room: int, *, least: int) -> list[int]:
    """The widths of cells cut at the largest width at which all fit, and at `least`; empty where there is none."""
    for cap in range(max(cells, default=1), least - 1, -1):
        widths = [max(min(cell, cap), floor) for cell, floor in zip(cells, floors, strict=True)]
        if sum(widths) <= room:
            return widths
    return []


@contextlib.contextmanager
def waiting(text: str, quiet: bool) -> Iterator[None]:
    """Tell on stderr what is going on: with a spinner on a terminal, in one line elsewhere."""
    console, text = Console(stderr=True, quiet=quiet), shortened(visible(text))
    if console.is_terminal:
        with console.status(text):
            yield
    else:
        console.print(text, highlight=False, markup=False, soft_wrap=True)
        yield
