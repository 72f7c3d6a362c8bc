"""How `genlab ls` prints: tables that fit the terminal, and all that is known of one thing."""

import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from genlab.cli.options import TableFormat
from genlab.cli.output import print_json, print_rows
from genlab.cli.table_formats import shown
from genlab.errors import UsageError, visible

NARROWEST = 24  # of a column of sentences, below which each row is a block of its own
LONGEST_LINE = 100  # of running text, wider than which it cannot be read with ease
GAP = 2


def print_entries(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], table_format: TableFormat, *, below: str = ""
) -> None:
    """A table whose last column is sentences: on a terminal these are folded at words and the rest stays whole.

    Where no room is left for them, each row is its name, what is short of it, and the sentence below. What is not a
    terminal gets a line a row, however long.

    Args:
        below: a line after the table, in no other format.
    """
    if table_format is not TableFormat.table:
        print_rows(columns, rows, table_format)
        return
    if rows:
        _print_fitting(columns, rows)
    if below:
        print(below)


def _print_fitting(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    console = Console()
    widths = [max(cell_len(column), *(cell_len(shown(row[column])) for row in rows)) for column in columns]
    room = console.width - sum(width + GAP for width in widths[:-1])
    if not console.is_terminal or room >= widths[-1]:
        print_rows(columns, rows, TableFormat.table)
    elif room >= NARROWEST:
        _print_folded(console, columns, rows, [*widths[:-1], room])
    else:
        _print_blocks(console, columns, rows)


def _print_folded(
    console: Console, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], widths: Sequence[int]
) -> None:
    gap = " " * GAP
    console.print(Text(gap.join(map(str.ljust, columns, widths)).rstrip(), style="bold"))
    indent = " " * sum(width + GAP for width in widths[:-1])
    for row in rows:
        head = gap.join(shown(row[column]).ljust(width) for column, width in zip(columns[:-1], widths, strict=False))
        first, *more = textwrap.wrap(visible(str(row[columns[-1]])), widths[-1]) or [""]
        print(f"{head}{gap}{first}".rstrip())
        for line in more:
            print(indent + line)


def _print_blocks(console: Console, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    name, *short, sentence = columns
    for row in rows:
        rest = "; ".join(shown(row[column]) for column in short)
        for line in textwrap.wrap(f"{row[name]} ({rest})", console.width, subsequent_indent="    "):
            start, space, end = line.partition(" ") if line.startswith(str(row[name])) else ("", "", line)
            console.print(Text.assemble((start, "bold"), space, end), soft_wrap=True)
        _print_text(console, str(row[sentence]), "  ")


def print_details(found: Mapping[str, Any], table_format: TableFormat) -> None:
    """One thing: its name, what it is, the rest of its description, then what is known of it, a line each.

    Raises:
        UsageError: a format of tables.
    """
    if table_format is TableFormat.json:
        print_json(found)
        return
    if table_format is not TableFormat.table:
        raise UsageError(f"--format {table_format} is for lists, and this is one thing; json has all of it")
    console = Console() if sys.stdout.isatty() else Console(width=LONGEST_LINE)
    console.print(Text(str(found["name"]), style="bold"))
    _print_text(console, str(found["about"]), "")
    for paragraph in filter(None, str(found.get("text", "")).split("\n\n")):
        print()
        _print_text(console, paragraph, "")
    print()
    rest = {key: value for key, value in found.items() if key not in ("name", "about", "text") and value}
    room = max(map(len, rest), default=0) + GAP
    for key, value in rest.items():
        if isinstance(value, str):
            _print_text(console, value, " " * room, first=key.ljust(room))
            continue
        print(key)
        for name, said in value.items():
            words = said if isinstance(said, str) else _option(said)
            _print_text(
                console, f"{name}: {words}" if isinstance(said, str) else f"{name} = {words}", "      ", first="  "
            )


def _option(said: Mapping[str, Any]) -> str:
    others = [str(one) for one in said["values"] if one != said["default"]]
    default = "not set" if said["default"] is None else str(said["default"])
    return default + (f" (or {', '.join(others)})" if others else "") + (f": {said['about']}" if said["about"] else "")


def _print_text(console: Console, text: str, indent: str, first: str | None = None) -> None:
    """Running text folded at words, unless its lines are laid out, as those of a list or formula."""
    width = min(console.width, LONGEST_LINE)
    laid_out = any(line.startswith((" ", "*", "-")) for line in text.splitlines()[1:])
    lines = text.splitlines() if laid_out else [" ".join(text.split())]
    start = indent if first is None else first
    for line in lines:
        own = " " * (len(line) - len(line.lstrip()))
        for part in textwrap.wrap(line.strip(), max(20, width - len(indent) - len(own))) or [""]:
            print(f"{start}{own}{visible(part)}".rstrip())
            start = indent
