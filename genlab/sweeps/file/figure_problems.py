"""What is wrong with the figures of a sweep file, before anything runs."""

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from genlab.config.schema.figure import FIGURE_KINDS, FigureConfig
from genlab.errors import Problem

MOST_NAMES = 12


def figure_problems(figures: Sequence[FigureConfig], columns: Callable[[str], set[str] | None]) -> list[Problem]:
    """Names given twice, columns that are not there, and kinds that lack what they are drawn from.

    Args:
        columns: of a table by name; None where they cannot be known beforehand.

    Returns:
        Problems with keys `figures.<index>.<field>`.
    """
    counts = Counter(figure.name for figure in figures)
    problems = []
    for index, figure in enumerate(figures):
        key = f"figures.{index}"
        if counts[figure.name] > 1 and any(other.name == figure.name for other in figures[:index]):
            problems.append(Problem(f"{key}.name", f"{figure.name} is the name of another figure already"))
        problems += [
            Problem(f"{key}.kind", f"{figure.kind} needs {' or '.join(needed)}")
            for needed in FIGURE_KINDS[figure.kind].needs
            if all(getattr(figure, field) is None for field in needed)
        ]
        known = columns(figure.table)
        if known is None:
            continue
        asked = [("x", figure.x), ("series", figure.series)]
        asked += [("y", y) for y in figure.y] + [("where", column) for column in figure.where]
        problems += [
            Problem(f"{key}.{field}", f"the table {figure.table} has no column {column!r}; {_nearest(column, known)}")
            for field, column in asked
            if column is not None and column not in known
        ]
    return problems


def _nearest(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    by_end = sorted(name for name in known if name.rpartition(".")[2] == word.rpartition(".")[2])
    if by_end:
        return f"did you mean {by_end[0]}?"
    names = sorted(known)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"known: {', '.join(names[:MOST_NAMES])}{more}"
