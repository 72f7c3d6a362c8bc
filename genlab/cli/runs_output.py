"""How `genlab runs` prints lists and comparisons of runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from genlab.cli.options import TableFormat
from genlab.cli.output import print_rows, terminal_width, words_of
from genlab.cli.table_formats import shown
from genlab.errors import visible

if TYPE_CHECKING:
    from genlab.rundir.comparison import Comparison
    from genlab.rundir.listing import Listing

# In the order in which they give way to what the runs differ in where a terminal is narrow.
STAY = ("id", "name", "status")
GIVE_WAY = ("started", "final.train_error", "final.epoch")


def print_listing(listing: "Listing", table_format: TableFormat) -> None:
    """Runs as rows; on a terminal in as many columns as fit, with what all runs have in common below."""
    if table_format is not TableFormat.table:
        print_rows(listing.columns, listing.rows, table_format, names=listing.names)
        return
    if set(listing.columns) <= set(listing.asked):
        print_rows(listing.columns, listing.rows, table_format, names=listing.names)
        return
    rows = [row | {"started": short_time(row.get("started"))} for row in listing.rows]
    width = terminal_width()
    columns = list(listing.columns) if width is None else fitting(listing, rows, width)
    print_rows(columns, rows, table_format, names=listing.names)
    if width is None:
        return
    if listing.same:
        print("all: " + ", ".join(f"{listing.names[key]} {shown(value)}" for key, value in listing.same.items()))
    left = [listing.names.get(column, column) for column in listing.columns if column not in columns]
    if left:
        print(f"too wide to show: {visible(', '.join(left))} (--columns)")


def fitting(listing: "Listing", rows: Sequence[dict[str, Any]], width: int) -> list[str]:
    """As many of the columns as fit side by side with whole cells: without those first that tell least.

    Those that say which run it is, its test error, and what was asked for stay.
    """
    columns = list(listing.columns)
    least = {column: _least_width(column, listing, rows) for column in columns}
    settings = [c for c in columns if c not in (*STAY, "started") and not c.startswith("final.")]
    for column in [*GIVE_WAY[:1], *reversed(settings[2:]), *GIVE_WAY[1:], *reversed(settings[:2])]:
        if sum(least[c] + 2 for c in columns) - 2 <= width:
            break
        if column in columns and column not in listing.asked:
            columns.remove(column)
    return columns


def print_comparison(found: "Comparison", table_format: TableFormat) -> None:
    """A column a run; in JSON the values by run, and for two as A and B too."""
    rows = [{"key": key, **dict(zip(found.labels, values, strict=True))} for key, values in found.rows]
    if table_format is TableFormat.table and not rows:
        print("no difference")
        return
    pair = len(found.labels) == 2
    document = [
        {"key": key}
        | (dict(zip("AB", values, strict=True)) if pair else {})
        | {"values": dict(zip(found.labels, values, strict=True))}
        for key, values in found.rows
    ]
    print_rows(("key", *found.labels), rows, table_format, document=document, in_blocks=True)


def short_time(text: Any) -> str | None:
    """A time in this place as month, day, hour and minute, with the year where it is another; None for none."""
    try:
        time = datetime.fromisoformat(str(text)).astimezone()
    except ValueError:
        return None
    return time.strftime("%m-%d %H:%M" if time.year == datetime.now().year else "%Y-%m-%d")


def _least_width(column: str, listing: "Listing", rows: Sequence[dict[str, Any]]) -> int:
    words = words_of(listing.names.get(column, column))
    return max(cell_len(word.rstrip()) for word in [*words, *(shown(row.get(column)) for row in rows)])
