"""How verbs print: tables for people, JSON for programs."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genlab.errors import shortened, visible


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=1, allow_nan=False))


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], title: str | None = None) -> None:
    """A table on stdout; as wide as it needs where stdout is not a terminal, so that pipes see every cell in one line.

    On a terminal that is too narrow the headers are folded first, then the cells of the widest columns.
    """
    cells = [[shown(row.get(column)) for column in columns] for row in rows]
    widest = [max((cell_len(line[i]) for line in cells), default=1) for i in range(len(columns))]
    gaps = 2 * (len(columns) - 1)
    whole = gaps + sum(max(width, len(column)) for width, column in zip(widest, columns, strict=True))
    console = Console() if sys.stdout.isatty() else Console(width=max(80, whole))
    numeric = [_is_numeric(column, rows) for column in columns]
    if title is not None:
        console.print(Text(visible(title), style="italic"), soft_wrap=True)
    if whole <= console.width:
        _print_lines(console, columns, cells, numeric)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column, width, right in zip(columns, _widths(columns, widest, console.width - gaps), numeric, strict=True):
        table.add_column(Text(column), justify="right" if right else "left", overflow="fold", width=width)
    for line in cells:
        table.add_row(*map(Text, line))
    console.print(table)


def _is_numeric(column: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    values = [row[column] for row in rows if row.get(column) is not None]
    return bool(values) and all(isinstance(value, int | float) for value in values)


def _print_lines(
    console: Console, columns: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> None:
    """A table in which nothing need be folded, by hand: rich takes two milliseconds a row, and there may be 10,000."""
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]

    def line(words: Sequence[str]) -> str:
        padded = []
        for word, width, right in zip(words, widths, numeric, strict=True):
            gap = " " * (width - cell_len(word))
            padded.append(gap + word if right else word + gap)
        return "  ".join(padded).rstrip()

    console.print(Text(line(columns), style="bold"), soft_wrap=True)
    for words in cells:
        print(line(words))


def _widths(headers: Sequence[str], cells: Sequence[int], room: int) -> list[int]:
    """How wide each column is when all together have `room`: as its cells if that fits, and more for its header."""
    cap = max(cells, default=1)
    while cap > 1 and sum(min(cell, cap) for cell in cells) > room:
        cap -= 1
    widths = [max(1, min(cell, cap)) for cell in cells]
    while sum(widths) < room and any(len(h) > w for h, w in zip(headers, widths, strict=True)):
        tallest = max(range(len(widths)), key=lambda i: len(headers[i]) / widths[i])
        widths[tallest] += 1
    return widths


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


def shown(value: Any) -> str:
    """A cell for people: four significant digits, nothing for nothing, and nothing that a terminal would act upon."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return visible(str(value))
