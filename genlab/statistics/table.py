"""The table that statistics over many runs are computed from: hyperparameters, seeds, measures and one target a run."""

import contextlib
import difflib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genlab.config.values import form_text, value_form
from genlab.errors import UsageError
from genlab.statistics.repeats import numbered_repeats
from genlab.statistics.rows import rows_that_count

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

FEWEST_RUNS = 4
GAP = "gap"
ERRORS = (("final.test_error", "final.train_error"), ("test_error", "train_error"))
MEASURE = "measure."
UNCONVERGED = "unconverged"  # a column of the measures of a run whose value says that it has not converged
# Columns of a table that are neither settings nor measures.
BOOKKEEPING = ("id", "name", "status", "reason", "path", "seed", "started", "stopped", "seconds", UNCONVERGED)


@dataclass(frozen=True)
class Zoo:
    """Runs as numbers.

    Attributes:
        target: name of what the measures are to predict.
        values: the target of each run, finite, [runs].
        hyperparameters: names of the settings that vary.
        settings: a number for each different value of each hyperparameter, [runs, hyperparameters].
        seeds: a number for each different seed, or place among the runs of a configuration where no seed recurs in
            another one; runs that agree in all settings differ in it, [runs].
        measures: by name the number of each run, which may be infinite, NaN where it has none, [runs] each.
        notes: what was left out or decided, a sentence each.
        unconverged: by measure the number of its values that say that they have not converged; None where nothing is
            known of it, as of a table from elsewhere.
    """

    target: str
    values: Floats
    hyperparameters: tuple[str, ...]
    settings: Codes
    seeds: Codes
    measures: dict[str, Floats]
    notes: tuple[str, ...] = ()
    unconverged: dict[str, int] | None = None

    @property
    def configurations(self) -> Codes:
        """A number for each different combination of all hyperparameters, [runs]."""
        return np.unique(self.settings, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def zoo_table(
    frame: pd.DataFrame,
    *,
    config_keys: Collection[str],
    against: str = GAP,
    hyperparameters: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    seed: str = "seed",
) -> Zoo:
    """Find hyperparameters, measures and target among the columns of a table with a row a run.

    Only `rows_that_count` do, and of these only those with a target. Where no hyperparameters are named they are the
    config keys that vary, without name and seed; of keys that vary together the first one counts, and widths of equal
    layers are two hyperparameters, `model.width` and `model.depth`. Where no measures are named they are the columns
    `measure.*` or, in a table that has none, all other columns of numbers.

    Args:
        config_keys: which columns are settings of a run.
        against: a column, the end of its name after a dot, or gap: test error minus training error.
        seed: column of seeds; runs that agree in it and in all hyperparameters are repeats.

    Raises:
        UsageError: a column that there is not, one that is no number, a target or settings that do not vary, or fewer
            than 4 runs.
    """
    frame, notes = rows_that_count(frame)
    frame = with_equal_widths(frame)
    target, numbers = _target(frame, against)
    has_target = np.isfinite(numbers)
    if not has_target.all():
        count = int((~has_target).sum())
        have, are = ("1 run has", "is") if count == 1 else (f"{count} runs have", "are")
        notes.append(f"{have} no finite {target} and {are} left out.")
    frame, numbers = frame[has_target].reset_index(drop=True), numbers[has_target]
    if len(frame) < FEWEST_RUNS:
        few = "1 run with a {} is" if len(frame) == 1 else f"{len(frame)} runs with a {{}} are"
        raise _refusal(f"{few.format(target)} too few to rank measures: {FEWEST_RUNS} is the least", notes)
    if np.ptp(numbers) == 0:
        same = f"{target} is {numbers[0]:.4g} in all {len(frame)} runs, so there is nothing to predict"
        raise _refusal(same, notes)
    if hyperparameters is None:
        names = _varying_keys(frame, config_keys, seed, notes)
    else:
        names = [_column(frame, name) for name in hyperparameters]
        constant = [name for name in names if _codes(frame[name]).max() == 0]
        if constant:
            raise UsageError(f"{constant[0]} is the same in all runs, so it is no hyperparameter of these")
    settings = np.stack([_codes(frame[name]) for name in names], axis=1)
    seeds, decided = numbered_repeats(settings, _seeds(frame, seed))
    notes += decided
    found = _measures(frame, measures, notes, leave=[*names, target, seed], config_keys=config_keys)
    unconverged = _unconverged(frame, found, notes)
    return Zoo(target, numbers, tuple(names), settings, seeds, found, tuple(notes), unconverged)


def _refusal(why: str, notes: Sequence[str]) -> UsageError:
    """With what was left out, which may be the cause."""
    return UsageError(f"{why} ({' '.join(notes)})" if notes else why)


def with_equal_widths(frame: pd.DataFrame) -> pd.DataFrame:
    """With `model.width` and `model.depth` (hidden layers) where every net's hidden layers are equally wide."""
    if "model.widths" not in frame or not {"model.width", "model.depth"}.isdisjoint(frame):
        return frame
    widths = [_listed(value) for value in frame["model.widths"]]
    if not all(each and len(set(each)) == 1 for each in widths):
        return frame
    found = frame.assign(**{"model.width": [each[0] for each in widths], "model.depth": [len(each) for each in widths]})
    # Runs have the widths of all their layers, however often an axis has repeated them.
    return found.drop(columns="model.repeats", errors="ignore")


def _listed(value: Any) -> list[Any]:
    """A list, its JSON, or the one number that stands for a list of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    if isinstance(value, list | tuple):
        return list(value)
    return [] if pd.isna(value) else [value]


def _target(frame: pd.DataFrame, against: str) -> tuple[str, Floats]:
    if against == GAP and GAP not in frame:
        for test, train in ERRORS:
            if {test, train} <= set(frame):
                with np.errstate(invalid="ignore"):  # infinite in both
                    return GAP, _numbers(frame, test) - _numbers(frame, train)
        raise UsageError("there are no columns final.test_error and final.train_error; name a column with --against")
    column = _column(frame, against)
    return column, _numbers(frame, column)


def _column(frame: pd.DataFrame, name: str) -> str:
    """The column of a name, or the only one whose name ends with it after a dot."""
    if name in frame:
        return name
    ends = [column for column in map(str, frame) if column.endswith(f".{name}")]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise UsageError(f"{name} may be {' or '.join(ends)}")
    columns = list(map(str, frame))
    near = difflib.get_close_matches(name, columns, n=1) or [
        column for column in columns if difflib.get_close_matches(name, [column.rpartition(".")[2]])
    ]
    raise UsageError(f"no column {name!r}; {f'did you mean {near[0]}?' if near else f'there are {_some(columns)}'}")


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    """A column as floats, NaN where it has no number."""
    found = _as_numbers(frame[column])
    words = np.isnan(found) & frame[column].notna().to_numpy()
    if words.any():
        raise UsageError(f"column {column} is not a number: {frame[column][words].iloc[0]!r}")
    return found


def _as_numbers(column: "pd.Series[Any]") -> Floats:
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _varying_keys(frame: pd.DataFrame, config_keys: Collection[str], seed: str, notes: list[str]) -> list[str]:
    keys = set(config_keys) - {"name", seed}
    if {"model.width", "model.depth"} <= set(frame):
        keys = (keys | {"model.width", "model.depth"}) - {"model.widths"}
    # Names of nets and optimisers first, so that they stand for the settings that only some of them have.
    columns = sorted((c for c in map(str, frame) if c in keys), key=lambda column: not column.endswith(".name"))
    chosen: dict[str, Codes] = {}
    for column in columns:
        codes = _codes(frame[column])
        if codes.max() == 0:
            continue
        same = next((name for name, other in chosen.items() if np.array_equal(codes, other)), None)
        if same is None:
            chosen[column] = codes
        else:
            notes.append(f"{column} varies with {same} and does not count beside it.")
    if chosen:
        return list(chosen)
    vary = [c for c in map(str, frame) if c not in BOOKKEEPING and frame[c].astype(str).nunique() > 1]
    if keys & set(map(str, frame)):
        raise UsageError("the runs differ in no hyperparameter (only in seeds), so measures cannot be ranked over them")
    raise UsageError(f"no column is a config key; name --hyperparameters among those that vary: {_some(vary)}")


def _codes(column: "pd.Series[Any]") -> Codes:
    """A number from 0 for each different value in the order of appearance; no value is one of them."""
    return pd.factorize(np.array([_setting(value) for value in column], dtype=object))[0].astype(np.int64)


def _setting(value: Any) -> str:
    """A setting as text; words that read as numbers are those, since a table from elsewhere has no types."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value)
    return form_text(value_form(value)) or ""


def _seeds(frame: pd.DataFrame, seed: str) -> Codes:
    """A number from 0 for each different seed, greater for greater ones; words come after numbers."""
    if seed not in frame:
        return np.zeros(len(frame), dtype=np.int64)
    names = [_setting(value) for value in frame[seed]]
    numbers = _as_numbers(frame[seed])
    order = {name: (bool(np.isnan(number)), number, name) for name, number in zip(names, numbers, strict=True)}
    places = {name: place for place, name in enumerate(sorted(order, key=lambda name: order[name]))}
    return np.array([places[name] for name in names], dtype=np.int64)


def _measures(
    frame: pd.DataFrame,
    named: Sequence[str] | None,
    notes: list[str],
    *,
    leave: Collection[str],
    config_keys: Collection[str],
) -> dict[str, Floats]:
    if named is not None:
        columns = [_column(frame, name) for name in named]
    else:
        columns = [c for c in map(str, frame) if c.startswith(MEASURE) and c not in leave]
        columns = columns or _other_numbers(frame, notes, leave=leave, config_keys=config_keys)
    if not columns:
        raise _refusal("no run has a measure; `genlab measure RUN` computes them", notes)
    found = {column.removeprefix(MEASURE): _numbers(frame, column) for column in columns}
    _note_what_is_not_finite(found, len(frame), notes)
    return found


def _other_numbers(
    frame: pd.DataFrame, notes: list[str], *, leave: Collection[str], config_keys: Collection[str]
) -> list[str]:
    """The columns of numbers that are nothing else; those in which a word spoils the numbers are noted."""
    others = {*leave, *config_keys, *BOOKKEEPING, *(error for pair in ERRORS for error in pair), "model.widths"}
    columns = []
    for name in map(str, frame):
        if name in others or name.startswith("final."):
            continue
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column):
            columns.append(name)
            continue
        known = column.notna().to_numpy()
        words = np.isnan(_as_numbers(column)) & known
        if 2 * words.sum() < known.sum():
            notes.append(f"{name} is no measure, since {column[words].iloc[0]!r} is no number.")
    return columns


def _note_what_is_not_finite(measures: dict[str, Floats], runs: int, notes: list[str]) -> None:
    missing = {name: int(np.isnan(values).sum()) for name, values in measures.items()}
    # Of a measure that no run has, its row in the ranking says so.
    without = [f"{name} in {count}" for name, count in missing.items() if 0 < count < runs]
    if without:
        notes.append(f"Runs without a value do not count for a measure; of {runs} lack it: {_some(without)}.")
    infinite = [f"{name} in {count}" for name, values in measures.items() if (count := int(np.isinf(values).sum()))]
    if infinite:
        notes.append(f"Infinite values count as beyond all others; of {runs} runs have one: {_some(infinite)}.")


def _unconverged(frame: pd.DataFrame, measures: Collection[str], notes: list[str]) -> dict[str, int] | None:
    if UNCONVERGED not in frame:
        return None
    marked = Counter(name.removeprefix(MEASURE) for names in frame[UNCONVERGED].dropna() for name in names)
    counts = {name: marked[name] for name in measures}
    some = [f"{name} in {count}" for name, count in counts.items() if count]
    if some:
        notes.append(f"Values that say that they have not converged count like others; of {len(frame)}: {_some(some)}.")
    return counts


def _some(names: Sequence[str], shown: int = 12) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
