"""Which test compares a measure with a slow twin, a closed form or brute force; and measures that are wrong on purpose.

A test says which measures it compares, and takes what genlab has computed from the function `results_of` of its module:
so every oracle can be given wrong results, and be seen to find them (tests/contracts/test_oracles.py).
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from genlab.measures.computing.compute import Results


@dataclass(frozen=True)
class Oracle:
    """A test that compares a measure.

    Attributes:
        arguments: of its quickest case.
    """

    test: Callable[..., None]
    arguments: dict[str, Any]

    def __call__(self) -> None:
        """Run it; it raises where the measure is not what it should be."""
        self.test(**self.arguments)

    @property
    def module(self) -> ModuleType:
        """Where the test stands, with its `results_of`."""
        return importlib.import_module(self.test.__module__)


ORACLES: dict[str, Oracle] = {}


def compares(*names: str, **arguments: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a test as the one that compares measures of these names, all of their layers, rows and columns.

    Args:
        arguments: of the test for its quickest case; a parameter `name` is the measure's.
    """

    def register(test: Callable[..., None]) -> Callable[..., None]:
        by_name = "name" in inspect.signature(test).parameters
        for name in names:
            assert name not in ORACLES, f"{name} is compared twice"
            ORACLES[name] = Oracle(test, arguments | ({"name": name} if by_name else {}))
        return test

    return register


def find_oracles() -> dict[str, Oracle]:
    """Those of all files of tests in this folder."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.measures.{path.stem}")
    return ORACLES


def columns_of(results: Results, name: str) -> list[str]:
    """The columns of a measure's table, or the one of a measure that is none."""
    tables = results.named_tables()
    return list(tables[name].columns) if name in tables else ["value"]


def made_wrong(results: Results, name: str, column: str) -> Results:
    """The same but for one measure: a column of its table, or its value in the last of its layers.

    Numbers are not what they were, nor near, nor of their sign, zeros included; truths are turned round.
    """
    if key := next((key for key in results.tables if key[0] == name), None):
        table = results.tables[key].copy()
        table[column] = _wrong(table[column])
        return replace(results, tables=results.tables | {key: table})
    rows = [dict(row) for row in results.rows]
    last = [row for row in rows if row["measure"] == name][-1]
    last["value"] = -17 * (last["value"] + 1)
    return replace(results, rows=rows)


def _wrong(values: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(values):
        return ~values
    return -17 * (values + 1) if pd.api.types.is_numeric_dtype(values) else "wrong " + values.astype(str)
