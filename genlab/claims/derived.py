"""Columns of a sweep's results that are made of others: from histories, differences, ratios and names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from genlab.claims.rows import asked_for, numbers
from genlab.claims.unknown_columns import unknown_column
from genlab.config.schema.derived import (
    DerivedColumn,
    DifferenceColumn,
    HistoryColumn,
    NameColumn,
    RatioColumn,
    derived_column,
)
from genlab.config.values import value_texts
from genlab.errors import GenlabError, Problem

Columns = Callable[[str], set[str] | None]


def with_derived(
    results: pd.DataFrame,
    derived: Mapping[str, DerivedColumn],
    history: Callable[[], pd.DataFrame],
    axes: Sequence[str],
) -> pd.DataFrame:
    """The results with a column `derived.NAME` for each; values that they have already stay.

    Args:
        results: rows with `id` and `seed`.
        derived: by name, in the order of the file; each may use those before it.
        history: the histories of all runs with their `id`; read only where a column is of them.
        axes: dotted keys in which the sweep's cells differ, by which a ratio finds its runs.

    Raises:
        GenlabError: a ratio's column is not a number, or several runs are what it is to.
    """
    frame = results.copy()
    found: pd.Series[Any]
    for name, column in derived.items():
        if isinstance(column, HistoryColumn):
            found = _of_history(frame, column, history())
        elif isinstance(column, DifferenceColumn):
            found = _numbers(frame, column.column) - _numbers(frame, column.minus)
        elif isinstance(column, RatioColumn):
            found = _ratio(frame, column, axes, derived_column(name))
        else:
            found = _names(frame, column)
        own = derived_column(name)
        frame[own] = frame[own].where(frame[own].notna(), found) if own in frame else found
    return frame


def derived_problems(derived: Mapping[str, DerivedColumn], columns: Columns) -> list[Problem]:
    """Columns that a derived one is made of and that there are not, with keys `derived.NAME...`.

    Args:
        columns: from a table's name to the columns that it can have, the derived ones among them; None where that is
            not known.
    """
    problems: list[Problem] = []
    later = {derived_column(name) for name in derived}
    for name, column in derived.items():
        table = "history" if isinstance(column, HistoryColumn) else "results"
        known = columns(table)
        for field, asked in _asked(column):
            if asked in later:
                message = f"{asked!r} is this column or one below it; a column is made of those above it"
                problems.append(Problem(f"derived.{name}.{field}", message))
            elif known is not None and asked not in known:
                said = f"{asked!r} is no column of {table}; {unknown_column(asked, table, known)}"
                problems.append(Problem(f"derived.{name}.{field}", said))
        later.discard(derived_column(name))
    return problems


def _asked(column: DerivedColumn) -> list[tuple[str, str]]:
    """Every column that one is made of, with the field that names it."""
    if isinstance(column, NameColumn):
        return [(f"names.{name}", key) for name, conditions in column.names.items() for key in conditions]
    found = [("column", column.column)]
    if isinstance(column, HistoryColumn):
        found += [("where", key) for key in column.where]
    elif isinstance(column, DifferenceColumn):
        found.append(("minus", column.minus))
    else:
        found += [("to", key) for key in column.to]
    return found


def _of_history(frame: pd.DataFrame, column: HistoryColumn, history: pd.DataFrame) -> "pd.Series[float]":
    if column.column not in history or "id" not in history:
        return pd.Series(np.nan, index=frame.index)
    rows = history[np.isfinite(numbers(history, column.column)) & _fitting(history, column.where)]
    values = pd.to_numeric(rows[column.column]).groupby(rows["id"])
    taken = {"first": values.first, "last": values.last, "least": values.min, "greatest": values.max}[column.take]()
    return pd.to_numeric(frame["id"].map(taken), errors="coerce")


def _fitting(frame: pd.DataFrame, conditions: Mapping[str, Any]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which rows have all values that are asked for; a column that is not there fits nothing."""
    fits = np.ones(len(frame), dtype=bool)
    for key, asked in conditions.items():
        fits &= asked_for(value_texts(frame[key], key), key, asked) if key in frame else False
    return fits


def _ratio(frame: pd.DataFrame, column: RatioColumn, axes: Sequence[str], name: str) -> "pd.Series[float]":
    # An axis that is a whole section, such as the net, is all that it sets.
    of_axes = [key for key in frame if any(key == axis or str(key).startswith(f"{axis}.") for axis in (*axes, "seed"))]
    keys = [str(key) for key in of_axes if key not in column.to]
    same = list(zip(*(value_texts(frame[key], key) for key in keys), strict=True)) or [()] * len(frame)
    base = _fitting(frame, column.to)
    values = _numbers(frame, column.column)
    below: dict[tuple[str | None, ...], float] = {}
    for place, (settings, is_base) in enumerate(zip(same, base, strict=True)):
        if not is_base or np.isnan(values.iloc[place]):
            continue
        if settings in below:
            raise GenlabError(f"{name}: several runs have the settings `to` and the same others; name more of them")
        below[settings] = float(values.iloc[place]) or np.nan
    return values / pd.Series([below.get(settings, np.nan) for settings in same], index=frame.index, dtype=float)


def _names(frame: pd.DataFrame, column: NameColumn) -> "pd.Series[str]":
    found = pd.Series([None] * len(frame), index=frame.index, dtype=object)
    for name, conditions in column.names.items():
        found[found.isna().to_numpy() & _fitting(frame, conditions)] = name
    return found


def _numbers(frame: pd.DataFrame, column: str) -> "pd.Series[float]":
    if column not in frame:
        return pd.Series(np.nan, index=frame.index)
    return pd.Series(numbers(frame, column), index=frame.index)
