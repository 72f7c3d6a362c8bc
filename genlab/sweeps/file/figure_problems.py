"""What is wrong with the figures of a sweep file, before anything runs."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from genlab.claims.unknown_columns import unknown_column
from genlab.config.schema.figure import FIGURE_KINDS, FigureConfig
from genlab.errors import Problem


def figure_problems(
    figures: Sequence[FigureConfig], columns: Callable[[str], set[str] | None], measures: Collection[str] = ()
) -> list[Problem]:
    """Names given twice, columns that are not there, and kinds that lack what they are drawn from.

    Args:
        columns: of a table by name; None where they cannot be known beforehand.
        measures: the names of all measures, for columns of those that the sweep does not measure.

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
        if not known:
            said = unknown_column("", figure.table, known, measures)
            problems.append(Problem(f"{key}.table", f"{figure.table}: {said}"))
            continue
        asked = [("x", figure.x), ("series", figure.series)]
        asked += [("y", y) for y in figure.y] + [("where", column) for column in figure.where]
        problems += [
            Problem(
                f"{key}.{field}",
                f"the table {figure.table} has no column {column!r}; "
                f"{unknown_column(column, figure.table, known, measures)}",
            )
            for field, column in asked
            if column is not None and column not in known
        ]
    return problems
