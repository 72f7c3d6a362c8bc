"""From a long table to what a figure draws: rows with a place along x, a line and a seed."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from genlab.claims.rows import at_the_end
from genlab.config.schema.figure import FigureConfig
from genlab.config.values import form_text, value_forms
from genlab.report.values import matching, order

FINISHED = "finished"


@dataclass(frozen=True)
class Line:
    """One line, colour or group of bars.

    Attributes:
        series: its value of the figure's `series` column; None where the figure has none.
        rest: its values of the other axes of the sweep that the figure would otherwise mix, by column.
    """

    series: Hashable
    rest: tuple[tuple[str, Hashable], ...] = ()


@dataclass(frozen=True)
class Prepared:
    """What a figure draws.

    Attributes:
        rows: columns `run`, `seed`, `x` (index into `xs`), `place` (where on the axis), `line` (index into `lines`).
        ys: by column, the numbers of those rows; what is not finite is missing.
        xs: distinct values of x, sorted.
        lines: sorted by series, then by the rest.
        numeric: whether x is made of numbers; else places are 0, 1, 2 ...
        unfinished: runs left out because they are not finished.
    """

    rows: pd.DataFrame
    ys: dict[str, "np.ndarray[Any, Any]"]
    xs: Sequence[Hashable]
    lines: list[Line]
    numeric: bool
    unfinished: int

    def values(self, y: str) -> pd.DataFrame:
        """The rows that have a number in a column, with that number as `value`."""
        return self.rows.assign(value=self.ys[y]).dropna(subset=["value"])


def prepare(
    figure: FigureConfig,
    table: pd.DataFrame,
    axes: Sequence[str],
    *,
    numbers_along_x: bool = False,
    lines_by_other_axes: bool = True,
    measured_x: bool = False,
) -> Prepared:
    """The rows of a figure.

    Runs that are not finished are left out: their last epoch is not a result.

    Args:
        axes: dotted keys that the cells of the sweep differ in, without the seed.
        numbers_along_x: whether a row without a value of x has no place; else "none" is a group like others.
        lines_by_other_axes: whether an axis of the sweep that still varies among rows of the same x and series tells
            lines apart too, so that a mean is over seeds and never over an axis in silence.
        measured_x: whether x is another number in each run, so that an axis that varies among rows of the same series
            tells lines apart, whatever their x.
    """
    named = {*figure.y, *figure.where, *(column for column in (figure.x, figure.series) if column)}
    rows = matching(at_the_end(figure.table, table, named), figure.where)
    unfinished = 0
    if "status" in rows:
        done = rows["status"] == FINISHED
        unfinished = rows.loc[~done, "id"].nunique() if "id" in rows else int((~done).sum())
        rows = rows[done]
    needed = [column for column in (figure.x, figure.series) if column is not None]
    present = [y for y in figure.y if y in rows]
    if not present or any(column not in rows for column in needed):
        rows = rows.iloc[:0]
    if figure.x and numbers_along_x and len(rows):
        rows = rows[[form is not None for form in value_forms(rows[figure.x])]]
    ys = {y: _numbers(rows[y]) if y in rows else np.full(len(rows), np.nan) for y in figure.y}
    x_values = value_forms(rows[figure.x]) if figure.x and len(rows) else [None] * len(rows)
    series = value_forms(rows[figure.series]) if figure.series and len(rows) else [None] * len(rows)
    # Values of one measure with other options are another line, as on another axis.
    possible = [*axes, *({"options"} - named)]
    others = [a for a in possible if a in rows and a not in (figure.x, figure.series, "seed")] * lines_by_other_axes
    rest = _rest(rows, others, [None] * len(rows) if measured_x else x_values, series)
    lines = [Line(s, r) for s, r in zip(series, rest, strict=True)]
    distinct_lines = _in_order(set(lines))
    xs = sorted(set(x_values), key=order)
    numeric = all(isinstance(x, float) for x in xs)
    x_index, line_index = ({value: i for i, value in enumerate(values)} for values in (xs, distinct_lines))
    runs = rows["id"] if "id" in rows else pd.Series(range(len(rows)), index=rows.index)
    frame = pd.DataFrame(
        {
            "run": list(runs),
            "seed": list(rows["seed"]) if "seed" in rows else list(runs),
            "x": [x_index[x] for x in x_values],
            "place": [x if numeric else float(x_index[x]) for x in x_values],
            "line": [line_index[line] for line in lines],
        }
    )
    return Prepared(frame, ys, xs, distinct_lines, numeric, unfinished)


def with_the_same_lines(one: Prepared, other: Prepared) -> tuple[Prepared, Prepared]:
    """Both with the lines of either, so that a line has one colour and marker in the panels of both."""
    # A layer is the word "1" in a table of a run and may be the number elsewhere.
    known = {_as_text(line): line for line in (*one.lines, *other.lines)}
    lines = _in_order(known.values())
    index = {_as_text(line): i for i, line in enumerate(lines)}

    def renumbered(prepared: Prepared) -> Prepared:
        rows = prepared.rows.assign(line=[index[_as_text(prepared.lines[i])] for i in prepared.rows["line"]])
        return replace(prepared, rows=rows, lines=lines)

    return renumbered(one), renumbered(other)


def _as_text(line: Line) -> tuple[Hashable, ...]:
    return form_text(line.series), *((key, form_text(value)) for key, value in line.rest)  # type: ignore[arg-type]


def _in_order(lines: Collection[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (order(line.series), [(k, order(v)) for k, v in line.rest]))


def over_seeds(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Mean, low, high of `value` and number of seeds within each group; rows of one seed are averaged first.

    Returns:
        Columns `by`, mean, low, high, seeds; a row a group, sorted.
    """
    by = list(by)
    each = rows.groupby([*by, "seed"], sort=True)["value"].mean()
    found = each.groupby(level=by).agg(["mean", "min", "max", "count"]).reset_index()
    return found.rename(columns={"min": "low", "max": "high", "count": "seeds"})


def _numbers(column: "pd.Series[Any]") -> "np.ndarray[Any, Any]":
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _rest(
    rows: pd.DataFrame, axes: Sequence[str], x: Sequence[Hashable], series: Sequence[Hashable]
) -> list[tuple[tuple[str, Hashable], ...]]:
    """For each row its values of those axes that vary within the same x and series."""
    columns = []
    for axis in axes:
        values = value_forms(rows[axis])
        seen: dict[tuple[Hashable, Hashable], Hashable] = {}
        if any(
            seen.setdefault(key, value) != value for key, value in zip(zip(x, series, strict=True), values, strict=True)
        ):
            columns.append((axis, values))
    return [tuple((axis, values[i]) for axis, values in columns) for i in range(len(rows))]
