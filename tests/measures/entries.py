"""What a measure found, entry by entry, so that tables are compared whole as numbers are."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from genlab.measures.computing.compute import TABLE, Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from tests.measures.subjects import STEADY

Row = Mapping[str, Any]


class Entry(NamedTuple):
    """Where a value stands.

    Attributes:
        layer: of a row; empty for the whole net, and in a table that has no column `layer`.
        row: its number in a table; 0 otherwise.
        column: of a table; `value` otherwise.
    """

    layer: str = ""
    row: int = 0
    column: str = "value"


NET = Entry()


def entries(found: float | Mapping[str, float] | Sequence[Row]) -> dict[Entry, Any]:
    """A number, numbers by layer or the rows of a table, as values by entry; a value that is not there is None."""
    if isinstance(found, Mapping):
        return {Entry(layer): value for layer, value in found.items()}
    if isinstance(found, Sequence):
        return {
            Entry(str(row.get("layer", "")), number, column): None if value is None or value != value else value
            for number, row in enumerate(found)
            for column, value in row.items()
        }
    return {NET: found}


def entries_of(results: Results) -> dict[str, dict[Entry, Any]]:
    """By measure what genlab has computed, all columns of a table. Every value must be there, and converged."""
    found: dict[str, dict[Entry, Any]] = {}
    for row in results.rows:
        if row["reason"] == TABLE:
            found[row["measure"]] = entries(results.named_tables()[row["measure"]].to_dict("records"))
            continue
        assert row["reason"] == "", row
        assert row["converged"] in (None, True), row
        found.setdefault(row["measure"], {})[Entry(row["layer"])] = row["value"]
    assert all(isinstance(v, str) or v is None or math.isfinite(v) for e in found.values() for v in e.values())
    return found


def measured(
    subject: Subject, names: Sequence[str] = STEADY, options: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, dict[Entry, Any]]:
    """What genlab computes, by measure and entry."""
    return entries_of(compute_measures(subject, Request.of(names, options)))


def assert_agree(
    name: str, found: Mapping[Entry, Any], expected: Mapping[Entry, Any], *, rel: float, abs: float = 0.0
) -> None:
    """The same entries of a measure in the same order, words and gaps equal, numbers to a tolerance."""
    assert list(found) == list(expected), name
    for entry, value in expected.items():
        same = value if value is None or isinstance(value, str) else pytest.approx(value, rel=rel, abs=abs)
        assert found[entry] == same, (name, entry)
