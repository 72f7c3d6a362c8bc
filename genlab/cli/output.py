"""How verbs print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=1, allow_nan=False))


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], title: str | None = None) -> None:
    """A table on stdout; full width where stdout is not a terminal, so that pipes see every cell."""
    console = Console() if sys.stdout.isatty() else Console(width=400)
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        numeric = any(isinstance(row.get(column), int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(shown(row.get(column)) for column in columns))
    console.print(table)


def shown(value: Any) -> str:
    """A cell for people: four significant digits, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("[", "\\[")
