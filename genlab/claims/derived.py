"""Columns of a sweep's results that are made of others: from histories, differences, ratios and names."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from genlab.claims.rows import CannotTell, asked_for, condition_words, numbers
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
from genlab.rundir.columns import HISTORY_COLUMNS

Columns = Callable[[str], set[str] | None]
Settings = Callable[[str], list[str | None] | None]


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
        try:
            if isinstance(column, NameColumn):
                found = _names(frame, column)
            elif isinstance(column, HistoryColumn):
                found = _of_history(frame, column, history())
            elif isinstance(column, DifferenceColumn):
                found = _numbers(frame, column.column) - _numbers(frame, column.minus)
            else:
                found = _ratio(frame, column, axes, derived_column(name))
        except CannotTell as why:
            raise GenlabError(f"{derived_column(name)}: {why}") from None
        own = derived_column(name)
        frame[own] = frame[own].where(frame[own].notna(), found) if own in frame else found
    return frame


def derived_problems(
    derived: Mapping[str, DerivedColumn], columns: Columns, axes: Sequence[str], settings: Settings
) -> list[Problem]:
    """What is wrong with derived columns whatever the runs will say, with keys `derived.NAME...`.

    Args:
        columns: from a table's name to the columns that it can have, the derived ones among them; None where that is
            not known.
        axes: dotted keys in which the sweep's cells differ.
        settings: from a dotted key to the values that cells have in it, as text; None for what is no such key.
    """
    problems: list[Problem] = []
    later = {derived_column(name) for name in derived}
    words = {derived_column(name) for name, column in derived.items() if isinstance(column, NameColumn)}
    for name, column in derived.items():
        here = f"derived.{name}"
        for field, asked in _asked(column):
            if isinstance(column, HistoryColumn):
                known, table = set(HISTORY_COLUMNS), "history"
            else:
                known, table = columns("results") or {asked}, "results"
            if asked in later:
                message = f"{asked!r} is this column or one below it; a column is made of those above it"
                problems.append(Problem(f"{here}.{field}", message))
            elif asked not in known:
                said = f"{asked!r} is no column of {table}; {unknown_column(asked, table, known)}"
                problems.append(Problem(f"{here}.{field}", said))
            elif field in ("column", "minus") and table == "results" and (asked in words or not _is_result(asked)):
                problems.append(Problem(f"{here}.{field}", f"{asked!r} is no result: final.*, measure.* or derived.*"))
        if isinstance(column, RatioColumn):
            problems += [Problem(f"{here}.to", said) for said in _no_base(column, axes, settings)]
        later.discard(derived_column(name))
    return problems


def _is_result(column: str) -> bool:
    return column.startswith(("final.", "measure.", "derived."))


def _no_base(column: RatioColumn, axes: Sequence[str], settings: Settings) -> Iterator[str]:
    """Why no run can be what a ratio is to."""
    for key, asked in column.to.items():
        values = settings(key)
        if key.startswith("derived."):
            yield f"{key!r} is no axis of the sweep; it has {', '.join(axes)}"
        elif values is not None and not any(asked_for(values, key, asked)):
            yield f"no cell has {condition_words(key, asked)}; they have {', '.join(map(str, values))}"


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
    # What a run has reached so far is not what it reaches.
    return pd.to_numeric(frame["id"].map(taken), errors="coerce").where(_finished(frame))


def _fitting(frame: pd.DataFrame, conditions: Mapping[str, Any]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which rows have all values that are asked for; a column that is not there fits nothing."""
    fits = np.ones(len(frame), dtype=bool)
    for key, asked in conditions.items():
        fits &= asked_for(value_texts(frame[key], key), key, asked) if key in frame else False
    return fits


def _ratio(frame: pd.DataFrame, column: RatioColumn, axes: Sequence[str], name: str) -> "pd.Series[float]":
    # An axis that is a whole section, such as the net, is all that it sets.
    of_axes = [str(key) for key in frame if any(_within(str(key), axis) for axis in (*axes, "seed"))]
    chosen = {axis for axis in axes if any(_within(key, axis) or _within(axis, key) for key in column.to)}
    keys = [
        key
        for key in of_axes
        if not any(_within(key, axis) for axis in (*chosen, *column.to)) and not _goes_with(frame, key, column.to)
    ]
    same = list(zip(*(value_texts(frame[key], key) for key in keys), strict=True)) or [()] * len(frame)
    base = _fitting(frame, column.to)
    values, finished = _numbers(frame, column.column), _finished(frame)
    below: dict[tuple[str | None, ...], float] = {}
    for place, (settings, is_base) in enumerate(zip(same, base, strict=True)):
        if not is_base or np.isnan(values.iloc[place]) or not finished[place]:
            continue
        if settings in below:
            raise GenlabError(f"{name}: several runs have the settings `to` and the same others; name more of them")
        below[settings] = float(values.iloc[place]) or np.nan
    return values / pd.Series([below.get(settings, np.nan) for settings in same], index=frame.index, dtype=float)


def _finished(frame: pd.DataFrame) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    return (frame["status"] == "finished").to_numpy() if "status" in frame else np.ones(len(frame), dtype=bool)


def _within(key: str, axis: str) -> bool:
    """Whether a column is an axis, or of the section that the axis sets."""
    return key == axis or key.startswith(f"{axis}.")


def _goes_with(frame: pd.DataFrame, key: str, others: Iterable[str]) -> bool:
    """Whether a column has one value for each value of some other ones, as in a block of zip."""
    there = [other for other in others if other in frame]
    known: dict[tuple[str | None, ...], str | None] = {}
    settings = zip(*(value_texts(frame[other], other) for other in there), strict=True)
    return bool(there) and all(
        known.setdefault(at, value) == value for at, value in zip(settings, value_texts(frame[key], key), strict=True)
    )


def _names(frame: pd.DataFrame, column: NameColumn) -> "pd.Series[str]":
    found = pd.Series([None] * len(frame), index=frame.index, dtype=object)
    for name, conditions in column.names.items():
        found[found.isna().to_numpy() & _fitting(frame, conditions)] = name
    return found


def _numbers(frame: pd.DataFrame, column: str) -> "pd.Series[float]":
    if column not in frame:
        return pd.Series(np.nan, index=frame.index)
    return pd.Series(numbers(frame, column), index=frame.index)
