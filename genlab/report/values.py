"""Values of table cells in one form each, so that rows can be grouped, matched and sorted."""

import json
import math
import numbers
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from genlab.claims.rows import canonical as setting
from genlab.claims.rows import wanted

DIGITS = 12  # significant ones that tell two numbers apart


def canonical(value: Any) -> Hashable:
    """One form for what is one value, whatever table it comes from.

    Numbers are floats of 12 significant digits, booleans the words true and false, missing values None. A list is a
    tuple, also where a table has it as JSON text, and a list of one is that one: the width of a net with one hidden
    layer is a number to draw along an axis.
    """
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, str):
        if not value.startswith("["):
            return value
        try:
            return canonical(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, list | tuple):
        items = tuple(canonical(item) for item in value)
        return items[0] if len(items) == 1 else items
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        number = float(value)
        return None if math.isnan(number) else float(f"{number:.{DIGITS}g}") + 0.0
    return str(value)


def canonical_column(column: "pd.Series[Any]") -> list[Hashable]:
    """Every value of a column in its one form; each distinct number is looked at once."""
    if pd.api.types.is_numeric_dtype(column):
        codes, distinct = pd.factorize(column)
        forms = [canonical(value) for value in distinct]
        return [None if code < 0 else forms[code] for code in codes]
    return [canonical(value) for value in column]


def matching(table: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """The rows with a given value in each of some columns, compared as claims do; none where a column is missing."""
    for column, value in where.items():
        if column not in table:
            return table.iloc[:0]
        asked = wanted(column, value)
        table = table[[setting(found) == asked for found in table[column]]]
    return table


def order(value: Hashable) -> tuple[int, float, str]:
    """Sorts numbers by size, then words, then lists, with the missing value last."""
    if isinstance(value, float):
        return (0, value, "")
    if isinstance(value, str):
        return (1, 0.0, value)
    return (3, 0.0, "") if value is None else (2, float(len(value)) if isinstance(value, tuple) else 0.0, str(value))
