"""Which rows a claim is about: those of finished runs that fit its conditions, with values compared as settings are."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genlab.config.schema.claim import Claim, is_range
from genlab.config.values import as_resolved, form_text, value_form, value_texts
from genlab.rundir.columns import is_by_epoch

Floats = NDArray[np.float64]
Table = Callable[[str], pd.DataFrame]


class CannotTell(Exception):  # noqa: N818 - not an error: the rows do not answer the claim, and the message says why
    """The claim has no answer in these rows."""


def tables(claim: Claim, table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The results, and the claim's table with the columns of results that it lacks.

    Raises:
        CannotTell: there are no runs, or a column of the claim is in neither.
    """
    results = table("results")
    if results.empty or not {"id", "seed"} <= set(results.columns):
        raise CannotTell("there are no runs yet")
    if "status" not in results.columns:
        results = results.assign(status="finished")
    rows = results
    if claim.table != "results":
        rows = table(claim.table)
        if rows.empty:
            raise CannotTell(f"no run has a table {claim.table} yet")
        rows = at_the_end(claim.table, rows, _named(claim))
        ours = [c for c in results.columns if c == "id" or c not in rows.columns]
        rows = rows.merge(results[ours], on="id", how="left")
    for column in filter(None, (claim.column, claim.along)):
        if column not in rows.columns:
            raise CannotTell(f"no run has a value in the column {column} yet")
    return results, rows


def at_the_end(table: str, rows: pd.DataFrame, named: Collection[str]) -> pd.DataFrame:
    """The rows of nets as they ended, of a table that has those of weights at epochs too and is not asked for them.

    So that what is said of a net does not change when it is measured along its training.

    Args:
        table: its name.
        named: the columns that a claim or figure names.
    """
    if not is_by_epoch(table) or "epoch" in named or "epoch" not in rows.columns:
        return rows
    return rows[rows["epoch"].isna()]


def _named(claim: Claim) -> set[str]:
    """The columns that a claim names."""
    groups = [name for _, group in claim.sides for name in group]
    return {claim.column, *claim.where, *(claim.pair_by or ()), *groups, *filter(None, [claim.along])}


def fitting(frame: pd.DataFrame, conditions: Sequence[Mapping[str, Any]], *, lenient: bool = False) -> pd.DataFrame:
    """The rows that have each value that is asked for.

    Args:
        conditions: mappings from column to value, all of which must hold.
        lenient: what an unfinished run does not know of itself, and columns that are not there, fit.
    """
    fits = np.ones(len(frame), dtype=bool)
    unfinished = (frame["status"] != "finished").to_numpy()
    for column, value in ((c, v) for condition in conditions for c, v in condition.items()):
        if column not in frame.columns:
            fits &= lenient
            continue
        found = value_texts(frame[column], column)
        unknown = np.array([text is None for text in found], dtype=bool)
        fits &= np.array(asked_for(found, column, value), dtype=bool) | (lenient & unfinished & unknown)
    return frame[fits]


def asked_for(found: Sequence[str | None], column: str, asked: Any) -> list[bool]:
    """Which values of a column are those that a condition asks for: one value, a range, or the first or last number.

    Args:
        found: the values, as `value_texts` has them.
        column: that they are in.
        asked: a value, or a range that the schema has checked.
    """
    if not is_range(asked):
        target = form_text(value_form(as_resolved(column, asked)))
        return [text == target for text in found]
    known = [number_of(text) for text in found]
    there = [number for number in known if number is not None]
    low, high = asked.get("at_least", -math.inf), asked.get("at_most", math.inf)
    if "place" in asked and there:
        low = high = min(there) if asked["place"] == "first" else max(there)
    return [number is not None and low <= number <= high for number in known]


def condition_words(column: str, asked: Any) -> str:
    """A condition in words, such as "data.train_size=500" or "data.train_size of at least 500"."""
    if not is_range(asked):
        return f"{column}={form_text(value_form(as_resolved(column, asked)))}"
    if "place" in asked:
        return f"a {asked['place']} {column}"
    ends = [(words, asked[end]) for words, end in (("at least", "at_least"), ("at most", "at_most")) if end in asked]
    return f"{column} of " + " and ".join(f"{words} {end:g}" for words, end in ends)


def number_of(text: str | None) -> float | None:
    """A value that is a number, as one; None for words, lists and no value."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def labels(frame: pd.DataFrame, keys: Iterable[str]) -> list[str]:
    """The values of some columns in words, for each row; a column that is not there says nothing."""
    columns = [(key, value_texts(frame[key], key)) for key in keys if key in frame.columns]
    return [", ".join(f"{k}={v[i]}" for k, v in columns if v[i] is not None) for i in range(len(frame))]


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """A column as floats, NaN where there is no finite number.

    Raises:
        CannotTell: it holds words.
    """
    found = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    words = frame[column].notna().to_numpy() & np.isnan(found)
    if words.any():
        raise CannotTell(f"{column} is not a number: {frame[column][words].iloc[0]!r}")
    return np.where(np.isfinite(found), found, np.nan)


def some(items: Sequence[str], shown: int = 3) -> str:
    """The first few of a list in words, and how many more there are."""
    more = f" and {len(items) - shown} more" if len(items) > shown else ""
    return "; ".join(items[:shown]) + more
