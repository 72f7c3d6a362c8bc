"""What columns of runs are called in short, and which a short name is: `corruption` is data.labels.corruption."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from genlab.errors import UsageError

_RESULT = re.compile(r"final\.(epoch|\w+_(error|loss)(_clean|_corrupted)?)$")


def short_names(columns: Iterable[str]) -> dict[str, str]:
    """The shortest end of each column that `named_column` knows it by, among these.

    `final.test_error` is test_error, `model.name` model, `measure.NAME` NAME. Where several columns end alike, the end
    is that of a column without dots, else of an error, loss or epoch as training ended, else of a setting, else of a
    measure; where two of one kind do, it is nobody's.
    """
    columns = list(columns)
    owners = _owners(columns)
    return {column: next((end for end in _ends(column) if owners.get(end) == column), column) for column in columns}


def named_column(name: str, columns: Collection[str]) -> str | None:
    """The column that a name stands for: itself, or the one whose end it is; None where there is none.

    Raises:
        UsageError: it is the end of several of one kind.
    """
    if name in columns:
        return name
    alike = [column for column in columns if name in _ends(column)]
    if len(alike) > 1 and name not in _owners(alike):
        raise UsageError(f"{name}: is the end of {' and '.join(sorted(alike)[:5])}; write which of them")
    return _owners(alike)[name] if alike else None


def said_in_short(row: Mapping[str, Any], columns: Iterable[str], known: Iterable[str]) -> str:
    """Values of a row as `corruption=0.5 seed=1`; those that the row lacks are left out.

    Args:
        columns: which values.
        known: all columns among which names are to be told apart.
    """
    names = short_names({*known, *columns})
    return " ".join(f"{names[column]}={_said(row[column])}" for column in columns if column in row)


def _said(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _ends(column: str) -> list[str]:
    """What a column may be called, shortest first, itself last."""
    head, bracket, options = column.partition("[")
    parts = head.split(".")
    # The name of a net or an optimiser is what the section above it is.
    stop = len(parts) - 1 if len(parts) > 1 and parts[-1] == "name" else len(parts)
    ends = [".".join(parts[first:stop]) for first in reversed(range(stop))]
    return list(dict.fromkeys([*(end + bracket + options for end in ends), column]))


def _owners(columns: Iterable[str]) -> dict[str, str]:
    """Whose each end is; those that are of two columns of one kind are nobody's and missing."""
    claims: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for column in columns:
        for end in _ends(column):
            claims[end][_rank(column, end)].append(column)
    first = {end: by_rank[min(by_rank)] for end, by_rank in claims.items()}
    return {end: owners[0] for end, owners in first.items() if len(owners) == 1}


def _rank(column: str, end: str) -> int:
    if end == column:
        return 0
    if _RESULT.match(column):
        return 1
    return {"final": 3, "measure": 4}.get(column.partition(".")[0], 2)
