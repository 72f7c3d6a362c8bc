"""Which rows a claim is about: those of finished runs that fit its conditions, with values compared as settings are."""

import contextlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from genlab.config.schema.claim import Claim, CorrelationClaim, CrossingClaim, TrendClaim
from genlab.config.schema.data import Labels

Floats = NDArray[np.float64]
Table = Callable[[str], pd.DataFrame]


class CannotTell(Exception):  # noqa: N818 - not an error: the rows do not answer the claim, and the message says why
    """The claim has no answer in these rows."""


def canonical(value: Any) -> str | None:
    """A value as text that is the same for equal settings: 1 and 1.0, 0.3 and 0.1 + 0.2, a list and its JSON.

    A list of one is that one, as tables have it. Numbers count as equal when their first 12 digits are. None stands
    for no value (NaN, null).
    """
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return canonical(value[0]) if len(value) == 1 else json.dumps(list(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return None
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else f"{number:.12g}"
    return None if value is None or value is pd.NA else str(value)


def wanted(column: str, value: Any) -> str | None:
    """What a claim asks for in a column, in the spelling of resolved configs (`random` is a corruption of 1)."""
    if column == "data.labels.corruption":
        with contextlib.suppress(ValidationError):
            value = Labels.model_validate({"corruption": value}).corruption
    return canonical(value)


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
        ours = [c for c in results.columns if c == "id" or c not in rows.columns]
        rows = rows.merge(results[ours], on="id", how="left")
    over = [claim.over] if isinstance(claim, TrendClaim | CrossingClaim | CorrelationClaim) else []
    for column in [claim.column, *over]:
        if column not in rows.columns:
            raise CannotTell(f"no run has a value in the column {column} yet")
    return results, rows


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
        found, target = canonical_column(frame[column]), wanted(column, value)
        unknown = np.array([text is None for text in found], dtype=bool)
        fits &= np.array([text == target for text in found], dtype=bool) | (lenient & unfinished & unknown)
    return frame[fits]


def canonical_column(column: pd.Series) -> list[str | None]:
    """`canonical` of every value, computed once for each different number."""
    if column.dtype.kind not in "iuf":
        return [wanted(str(column.name), value) for value in column]
    numbers, inverse = np.unique(column.to_numpy(), return_inverse=True)
    texts = [canonical(number) for number in numbers]
    return [texts[i] for i in inverse]


def labels(frame: pd.DataFrame, keys: Iterable[str]) -> list[str]:
    """The values of some columns in words, for each row; a column that is not there says nothing."""
    columns = [(key, canonical_column(frame[key])) for key in keys if key in frame.columns]
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
