"""Rows of tables matched and sorted by the one form of their values."""

import re
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from genlab.claims.rows import asked_for
from genlab.config.values import value_texts


def matching(table: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """The rows with a given value in each of some columns, compared as claims do; none where a column is missing."""
    for column, value in where.items():
        if column not in table:
            return table.iloc[:0]
        table = table[asked_for(value_texts(table[column], column), column, value)]
    return table


def order(value: Hashable) -> tuple[int, float, tuple[tuple[int, int, str], ...]]:
    """Sorts numbers by size, then words, then lists, with the missing value last.

    Numbers within words count as such, so that layer 10 comes after layer 9.
    """
    if isinstance(value, int | float):
        return (0, value, ())
    if isinstance(value, str):
        return (1, 0.0, _parts(value))
    return (2, float(len(value)), _parts(str(value))) if isinstance(value, tuple) else (3, 0.0, ())


def _parts(word: str) -> tuple[tuple[int, int, str], ...]:
    """The pieces of a word, numbers before letters and by their size."""
    pieces = re.findall(r"\d+|\D+", word)
    return tuple((0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces)
