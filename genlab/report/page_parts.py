"""Parts of a page that several sections have."""

import math
import re
from collections.abc import Iterable
from html import escape
from urllib.parse import quote

HEAD_LINES = 3  # that the heading of a column takes, more or less
SHORT_HEAD = 12  # characters that stay in one line


def definitions(entries: Iterable[tuple[str, str]]) -> str:
    """Words and what is said of each, as a list; what has nothing said of it is left out."""
    items = "".join(f"<dt>{escape(what)}</dt><dd>{escape(said)}</dd>\n" for what, said in entries if said)
    return f"<dl>\n{items}</dl>"


def link(place: str, words: str) -> str:
    """A link to a file or folder, by its path from the page, so that it holds where the whole folder is moved."""
    return f'<a href="{escape(quote(place))}">{escape(words)}</a>'


def head(words: str, *, number: bool = False, hint: str = "", wide: bool = False) -> str:
    """A heading of a column, with the column's own name where it is pointed at.

    Args:
        wide: make the column as wide as a long heading needs; else its cells decide.
    """
    style = ' class="number"' if number else ""
    title_ = f' title="{escape(hint)}"' if hint else ""
    width = f' style="min-width:{_heading_width(words)}ch"' if wide else ""
    breakable = _BREAKS.sub(r"\1<wbr>", escape(words))
    return f'<th scope="col"{style}{title_}{width}>{breakable}</th>'


# Names of options are broken after these; a dot between digits is that of a number.
_BREAKS = re.compile(r"([_=,\[]|\.(?!\d))")


def _heading_width(words: str) -> int:
    """Characters in a line of a heading that takes few lines, and room for its longest word and the cell's edges."""
    longest = max(map(len, _BREAKS.sub(r"\1 ", words).split()), default=0)
    return max(longest, math.ceil(len(words) / HEAD_LINES), min(len(words), SHORT_HEAD)) + 3
