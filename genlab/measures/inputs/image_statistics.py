"""One number for many images: the worst, a quantile towards the worst, or the mean; images without a value left out."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field
from torch import Tensor

from genlab.measures.computing.value import NotApplicable

Statistic = Literal["extreme", "quantile", "mean"]
# Which end is the worse one: small cushions are, and large contractions.
Worse = Literal["low", "high"]
Percent = Annotated[float, Field(ge=0, le=100)]
Images = Annotated[int, Field(ge=1)]
COLUMNS = ("minimum", "quantile", "median", "mean", "maximum", "n", "left_out")


def over_images(values: Tensor, statistic: Statistic, percent: float, worse: Worse) -> float:
    """The statistic of `[...]` values without those that are NaN; a quantile is interpolated between its neighbours.

    Args:
        percent: of the values that are worse than the quantile.

    Raises:
        NotApplicable: all are NaN.
    """
    there = _there(values)
    if not len(there):
        raise NotApplicable("at every image an activation or a Jacobian is zero, and a ratio with it has no value")
    if statistic == "mean":
        return float(there.mean())
    return float(np.percentile(there, _toward(worse, 0.0 if statistic == "extreme" else percent)))


def row_of_images(values: Tensor, percent: float, worse: Worse) -> dict[str, Any]:
    """A row of a table, with the columns `COLUMNS`; without numbers where all are NaN."""
    there = _there(values)
    counts = {"n": len(there), "left_out": values.numel() - len(there)}
    if not len(there):
        return dict.fromkeys(COLUMNS[:-2]) | counts
    numbers = np.percentile(there, [0, _toward(worse, percent), 50, 100])
    found = dict(zip(("minimum", "quantile", "median", "maximum"), map(float, numbers), strict=True))
    return {name: (found | counts | {"mean": float(there.mean())})[name] for name in COLUMNS}


def table_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a table in which what is not there is None and never NaN."""
    return with_gaps(pd.DataFrame(rows))


def with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with None for NaN; columns without gaps keep their type."""
    for column in table.columns[table.isna().any()]:
        values = table[column].astype(object)
        table[column] = values.where(values.notna(), None)
    return table


def count(values: Tensor) -> int:
    """How many are not NaN."""
    return len(_there(values))


def _there(values: Tensor) -> "np.ndarray[Any, np.dtype[np.float64]]":
    found = values.detach().cpu().double().flatten().numpy()
    return np.asarray(found[~np.isnan(found)])


def _toward(worse: Worse, percent: float) -> float:
    return percent if worse == "low" else 100 - percent
