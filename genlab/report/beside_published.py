"""Published numbers beside those of the runs at the same settings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from genlab.claims.published import Published
from genlab.claims.rows import fitting, numbers

COLUMNS = ("setting", "column", "published", "mean", "low", "high", "seeds", "other_units")


@dataclass(frozen=True)
class Beside:
    """A published number and what runs with its settings have.

    Attributes:
        settings: of both, by column.
        column: that the numbers are in.
        published: the published one, in the column's units unless `other_units`.
        mean, low, high: over the finished runs with those settings that have a number: mean, smallest and largest.
        seeds: how many of them there are, at least one.
        other_units: whether the published number is in units that are not known.
    """

    settings: Mapping[str, Any]
    column: str
    published: float
    mean: float
    low: float
    high: float
    seeds: int
    other_units: bool = False

    def as_row(self) -> dict[str, Any]:
        """A row of published.csv."""
        setting = ", ".join(f"{key}={value}" for key, value in self.settings.items())
        return {"setting": setting, **{name: getattr(self, name) for name in COLUMNS[1:]}}


def beside(published: Published, results: pd.DataFrame) -> list[Beside]:
    """Every published number of a setting that has finished runs with a number in its column, in the published order.

    Runs that differ in settings of which the published number says nothing are left out: their mean would be of more
    than seeds.

    Args:
        results: a row a run, as in results.csv.
    """
    if results.empty or "status" not in results:
        return []
    found = []
    for row in published.rows.to_dict("records"):
        settings = published.settings.get(str(row["id"]), {})
        runs = fitting(results[(results["status"] == "finished").to_numpy()], [settings])
        if runs.empty or runs["seed"].duplicated().any():
            continue
        for column, value in row.items():
            if str(column) in published.columns and column in runs and _is_number(value):
                measured = numbers(runs, str(column))
                measured = measured[~pd.isna(measured)]
                if len(measured):
                    ends = float(measured.min()), float(measured.max())
                    units = str(column) in published.other_units
                    found.append(
                        Beside(settings, str(column), float(value), float(measured.mean()), *ends, len(measured), units)
                    )
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
