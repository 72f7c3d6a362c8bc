"""What a claim compares: rows with equal values of the other axes, complete in every seed that counts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from genlab.claims.rows import (
    CannotTell,
    Floats,
    Table,
    condition_words,
    fitting,
    labels,
    numbers,
    some,
    tables,
)
from genlab.config.schema.claim import Claim, one_value
from genlab.config.values import value_texts

SHOWN = 3
# Columns that tell the rows of one run apart, for hints.
INDEX_COLUMNS = ("epoch", "step", "measure", "layer", "options", "method", "setting", "bound")


@dataclass(frozen=True)
class Curve:
    """The numbers of one cell of the other axes.

    Attributes:
        over: values along the claim's `over`, rising, [points]; one NaN where the claim has none.
        sides: the column in the rows of `a` and of `b`, or in all rows, each [seeds, points].
    """

    over: Floats
    sides: tuple[Floats, ...]


@dataclass(frozen=True)
class Compared:
    """What a claim compares.

    Attributes:
        seeds: that have every number.
        cells: by the words for the values of the other axes, such as "data.train_size=500"; empty where there are none.
        left_out: what is not compared and why, a sentence each.
    """

    seeds: tuple[str, ...]
    cells: dict[str, Curve]
    left_out: tuple[str, ...] = ()


@dataclass
class _Side:
    """The rows of one group: `values[cell, over][seed]`, and the group's runs that lack a value, by seed."""

    values: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    planned: set[str] = field(default_factory=set)
    missing: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    runs: int = 0


def compared(claim: Claim, table: Table, axes: Sequence[str]) -> Compared:
    """The rows of a claim as numbers by cell, seed and point.

    Only finished runs count. A run that fits the claim and is unfinished, or has no finite value, takes its whole seed
    out of the comparison, since means over different cells cannot be compared. A cell or point that some seed does not
    have at all (one that the sweep leaves out, or an epoch that a run did not reach) is left out for every seed. Both
    are said in `left_out`.

    Raises:
        CannotTell: no rows fit, rows cannot be told apart, or no seed has every number.
    """
    results, rows = tables(claim, table)
    groups = [group for _, group in claim.sides] or [{}]
    over = claim.along
    keys = [k for k in (axes if claim.pair_by is None else claim.pair_by) if k not in (over, "seed")]
    if claim.pair_by is None:
        # A range leaves several values of an axis, which are cells like those of any other axis.
        fixed = {key for key, asked in claim.where.items() if one_value(asked)} | {k for g in groups for k in g}
        keys = [key for key in keys if key not in fixed]
    sides = [_side(claim, [claim.where, group], results, rows, keys, over) for group in groups]
    planned = set.intersection(*(side.planned for side in sides))
    missing = {(s, label) for side in sides for s, runs in side.missing.items() for c, label in runs if c in planned}
    dropped = {seed for seed, _ in missing}
    seen = [{seed for values in side.values.values() for seed in values} for side in sides]
    left_out = []
    if missing:
        total = sum(side.runs for side in sides)
        left_out.append(f"{len(missing)} of {total} runs lack a value: {some(sorted(label for _, label in missing))}")
    common = {key for key in sides[0].values if all(key in side.values for side in sides)}
    seeds = [
        s for s in set.intersection(*seen) - dropped if any(all(s in side.values[k] for side in sides) for k in common)
    ]
    seeds.sort(key=lambda seed: (len(seed), seed))
    if not seeds:
        raise CannotTell("; ".join(left_out) or _no_pairs(claim, axes, keys, rows, groups))
    kept = {key for key in common if all(seed in side.values[key] for side in sides for seed in seeds)}
    offered = {key for side in sides for key, values in side.values.items() if any(seed in values for seed in seeds)}
    if not kept:
        raise CannotTell("; ".join([*left_out, "no cell has a value in every seed"]))
    if offered - kept:
        what = f"{len(offered - kept)} of {len(offered)} {'points' if over else 'cells'}"
        whose = " of a and b" if len(groups) > 1 else ""
        left_out.append(f"{what} are left out, as not every seed{whose} has them")
    cells: dict[str, Curve] = {}
    for cell in dict.fromkeys(key[0] for key in sides[0].values if key in kept):
        points = sorted(key for key in kept if key[0] == cell)
        points.sort(key=lambda key: _place(key[1], over))
        ends = tuple(np.array([[side.values[key][seed] for key in points] for seed in seeds]) for side in sides)
        cells[cell] = Curve(np.array([_place(key[1], over) for key in points]), ends)
    return Compared(tuple(seeds), cells, tuple(left_out))


def _side(
    claim: Claim,
    conditions: Sequence[Mapping[str, Any]],
    results: pd.DataFrame,
    rows: pd.DataFrame,
    keys: Sequence[str],
    over: str | None,
) -> _Side:
    side = _Side()
    found = fitting(rows[(rows["status"] == "finished").to_numpy()], conditions)
    values, cells, seeds = numbers(found, claim.column), labels(found, keys), value_texts(found["seed"])
    places = value_texts(found[over], over) if over else [""] * len(found)
    positions: dict[tuple[str | None, ...], int] = {}
    for i, (cell, place, seed, value) in enumerate(zip(cells, places, seeds, values, strict=True)):
        if place is None or seed is None:
            continue
        earlier = positions.setdefault((cell, place, seed), i)
        if earlier != i:
            raise CannotTell(_same_key(found.iloc[[earlier, i]], cell, seed, [*keys, claim.column, "id", "seed"]))
        if not math.isnan(value):
            side.values.setdefault((cell, place), {})[seed] = float(value)
    runs = fitting(results, conditions, lenient=True)
    have_value = set(found["id"][~np.isnan(values)])
    shared = [key for key in keys if key in results.columns]
    side.runs, side.planned = len(runs), set(labels(runs, shared))
    names = labels(runs, dict.fromkeys([*conditions[-1], *shared, *([over] if over else []), "seed"]))
    for identity, status, cell, seed, name in zip(
        runs["id"], runs["status"], labels(runs, shared), value_texts(runs["seed"]), names, strict=True
    ):
        if identity not in have_value:
            why = "no value" if status == "finished" else str(status)
            side.missing.setdefault(str(seed), []).append((cell, f"{name} ({why})"))
    return side


def _place(text: str, over: str | None) -> float:
    if over is None:
        return math.nan
    try:
        return float(text)
    except ValueError:
        raise CannotTell(f"{over} is not a number along which to go: {text}") from None


def _same_key(pair: pd.DataFrame, cell: str, seed: str, known: Sequence[str]) -> str:
    differ = [c for c in pair.columns if c not in known and len(set(value_texts(pair[c], c))) > 1]
    settings = [c for c in differ if c not in ("status", "reason", "name") and not c.startswith(("final.", "measure."))]
    named = [c for c in differ if c in INDEX_COLUMNS] or settings[:SHOWN]
    where = ", ".join(part for part in (cell, f"seed={seed}") if part)
    hint = f" and differ in {', '.join(named)}; name one value in `where`, or the column in `pair_by`" if named else ""
    return f"several rows have {where}{hint}"


def _no_pairs(
    claim: Claim, axes: Sequence[str], keys: Sequence[str], rows: pd.DataFrame, groups: Sequence[Mapping[str, Any]]
) -> str:
    """Why nothing is compared: no rows of a group, or an axis that never has one value in both."""
    found = [fitting(rows, [claim.where, group]) for group in groups]
    for frame, group in zip(found, groups, strict=True):
        if frame.empty:
            asked = {**claim.where, **group}
            return f"no run has {', '.join(condition_words(key, value) for key, value in asked.items())}"
    if len(groups) == 1:
        return "no row has a value that can be placed"
    sets = {key: [set(value_texts(frame[key], key)) for frame in found] for key in keys if key in rows.columns}
    apart = [key for key, values in sets.items() if not set.intersection(*values)]
    hint = f": they always differ in {', '.join(apart)} too; leave that out by `pair_by`" if apart else ""
    return f"no row of a has a partner in b{hint}"
