"""What a claim of rank correlation compares: two numbers of every run, by seed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genlab.claims.rows import CannotTell, Floats, Table, fitting, numbers, some, tables
from genlab.config.schema.claim import CorrelationClaim
from genlab.config.values import value_texts
from genlab.statistics.table import with_equal_widths

Codes = NDArray[np.int64]
SPLIT = ("model.width", "model.depth")


@dataclass(frozen=True)
class Scatter:
    """Two numbers a run.

    Attributes:
        x: the claim's `column`, [runs].
        y: the claim's `over`, [runs].
        settings: equal numbers for equal values of an axis of the sweep, [runs, axes].
        repeats: position in `seeds` of each run's seed, [runs].
        seeds: that count.
        left_out: which runs do not, and why, a sentence each.
    """

    x: Floats
    y: Floats
    settings: Codes
    repeats: Codes
    seeds: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def scattered(claim: CorrelationClaim, table: Table, axes: Sequence[str]) -> Scatter:
    """The runs of a claim as points.

    An unfinished run takes its whole seed out, as the runs that are there may not be a fair choice. A finished run
    without one of the values (a measure that does not apply to it) is left out alone. Both are said in `left_out`.

    Raises:
        CannotTell: no run has both values, or several rows of a run fit.
    """
    results, rows = tables(claim, table)
    found = fitting(rows[(rows["status"] == "finished").to_numpy()], [claim.where])
    several = [identity for identity, count in Counter(found["id"]).items() if count > 1]
    if several:
        raise CannotTell(f"{len(several)} runs have several rows; name one in `where`, such as an epoch or a layer")
    runs = fitting(results, [claim.where], lenient=True)
    unfinished = (runs["status"] != "finished").to_numpy()
    run_seeds = [str(seed) for seed in value_texts(runs["seed"])]
    dropped = {seed for seed, left in zip(run_seeds, unfinished, strict=True) if left}
    x, y = numbers(found, claim.column), numbers(found, claim.over)
    seeds = np.array([str(seed) for seed in value_texts(found["seed"])], dtype=object)
    kept = np.array([seed not in dropped for seed in seeds], dtype=bool)
    both = kept & ~np.isnan(x) & ~np.isnan(y)
    left_out = []
    if unfinished.any():
        which = some(sorted(f"seed={seed}" for seed in dropped))
        left_out.append(f"{int(unfinished.sum())} of {len(runs)} runs are not finished, so that {which} does not count")
    # A run without a row in the table lacks its values as well, so the runs are counted and not the rows.
    without = sum(seed not in dropped for seed in run_seeds) - int(both.sum())
    if without > 0:
        left_out.append(f"{without} of {len(runs)} runs lack a value and are left out")
    if not both.any():
        raise CannotTell("; ".join(left_out) or "no run fits")
    counted = sorted(set(seeds[both]), key=lambda seed: (len(seed), seed))
    repeats = np.array([counted.index(seed) for seed in seeds[both]], dtype=np.int64)
    return Scatter(x[both], y[both], _settings(found[both], axes), repeats, tuple(counted), tuple(left_out))


def _settings(runs: pd.DataFrame, axes: Sequence[str]) -> Codes:
    """A number for each value of each axis; widths of equal layers are two axes, as `genlab zoo` has them."""
    runs = with_equal_widths(runs)
    if {"model.width", "model.depth"} <= set(runs):
        axes = [part for axis in axes for part in (SPLIT if axis == "model.widths" else (axis,))]
    texts = [np.array(value_texts(runs[axis], axis), dtype=object) for axis in axes if axis in runs.columns]
    columns = [pd.factorize(values, sort=True)[0] for values in texts]  # whatever the order of the rows
    return np.column_stack(columns).astype(np.int64) if columns else np.zeros((len(runs), 0), dtype=np.int64)
