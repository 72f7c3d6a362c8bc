"""Compute the chosen measures of one run: one row a number, one table a curve, a reason where there is neither."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from genlab.config.vocabulary import Inputs
from genlab.errors import InterruptedByUserError, PreemptedError
from genlab.measures.computing.registry import Measure, NotApplicable, Value
from genlab.measures.computing.request import Asked, Request
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import INPUTS
from genlab.rundir.columns import IN_A_TABLE as TABLE
from genlab.rundir.columns import MEASURE_TABLE_COLUMNS
from genlab.rundir.measure_column import with_options
from genlab.signals import raise_if_asked_to_stop

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """What a measurement pass found.

    Attributes:
        rows: dicts with the keys `MEASURE_COLUMNS`. `layer` is empty for the whole net, `epoch` for whoever knows it;
            `value` is None where `reason` says why; what a measure does not know is None. A table gets one row too,
            without value and with the reason "table", so that every measure asked for has at least one row and rows can
            be replaced by their key.
        tables: by measure and options, as the rows have them.
        input_seconds: by input, how long it took; `seconds` of a row is the time of the measure's own function alone.
    """

    rows: list[Row] = field(default_factory=list)
    tables: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)
    input_seconds: dict[str, float] = field(default_factory=dict)

    def named_tables(self) -> dict[str, pd.DataFrame]:
        """Tables by name: that of the measure, with `[option=value]` where it was asked for with several sets."""
        names = [name for name, _ in self.tables]
        return {
            name if names.count(name) == 1 else with_options(name, options): table
            for (name, options), table in self.tables.items()
        }


def compute_measures(
    subject: Subject,
    request: Request,
    *,
    each: Callable[[Results], None] | None = None,
    begins: Callable[[str], None] | None = None,
) -> Results:
    """Compute measures of one run; shared inputs are computed once, and only those that are asked for.

    A measure that fails for whatever reason gets a row with the reason and does not keep the others from their values.

    Args:
        subject: the run as tensors; not changed.
        request: the measures, which are computed in its order, and their options.
        begins: given what is at hand, such as "margin_median (2 of 5)".
        each: given what is found of each measure as soon as it is, so that it can be kept whatever happens then.
    """
    inputs = Inputs(subject, INPUTS)
    results = Results(input_seconds=inputs.seconds)
    for number, asked in enumerate(request.asked, start=1):
        if begins is not None:
            begins(f"{asked.measure.name} ({number} of {len(request.asked)})")
        found = Results()
        _compute_one(asked, inputs, found)
        results.rows.extend(found.rows)
        results.tables.update(found.tables)
        if each is not None:
            each(found)
    return results


def _compute_one(asked: Asked, inputs: Inputs, results: Results) -> None:
    measure = asked.measure
    seconds: float | None = None
    reason = ""
    values: dict[str, Value | None] = {"": None}
    try:
        arguments = {name: inputs.get(name, measure.name) for name in measure.inputs}
        start = time.perf_counter()
        try:
            found = measure.function(**arguments, **asked.options)
        finally:
            seconds = time.perf_counter() - start
        if isinstance(found, pd.DataFrame) != measure.table:
            raise TypeError(f"it returned a {type(found).__name__} and is registered with table={measure.table}")
        if isinstance(found, pd.DataFrame) and (taken := MEASURE_TABLE_COLUMNS.keys() & found.columns):
            raise TypeError(f"its table has a column {taken.pop()}, which tells the tables of a run apart")
        if isinstance(found, pd.DataFrame):
            results.tables[measure.name, asked.written] = found
            reason = TABLE if len(found) else "its table has no rows"
        elif found == {}:
            reason = "the net has no layer to measure"
        else:
            values = {**_values(found)}
    except (PreemptedError, InterruptedByUserError):
        raise
    except NotApplicable as why:
        reason = _one_line(str(why))
    except Exception as error:
        raise_if_asked_to_stop()
        reason = _one_line(f"{type(error).__name__}: {error}")
    for layer, value in values.items():
        results.rows.append(_row(measure, layer, value, options=asked.written, seconds=seconds, reason=reason))


def _values(found: Any) -> dict[str, Value]:
    """What a measure returned, by layer; the whole net has no layer name."""
    entries = found if isinstance(found, dict) else {"": found}
    return {layer: entry if isinstance(entry, Value) else Value(_number(entry)) for layer, entry in entries.items()}


def _number(entry: Any) -> float:
    if isinstance(entry, str) or not hasattr(entry, "__float__"):
        raise TypeError(f"it returned a {type(entry).__name__}, which is no number")
    return float(entry)


def _row(measure: Measure, layer: str, found: Value | None, *, options: str, seconds: float | None, reason: str) -> Row:
    value = None if found is None else float(found.value)
    if value is not None and not math.isfinite(value):
        value, reason = None, f"the value is {value}"
    return {
        "measure": measure.name,
        "layer": layer,
        "epoch": None,
        "value": value,
        "unit": measure.unit,
        "standard_error": _finite(found.standard_error) if found else None,
        "residual": _finite(found.residual) if found else None,
        "iterations": found.iterations if found else None,
        "samples": found.samples if found else None,
        "converged": found.converged if found else None,
        "options": options,
        "seconds": seconds,
        "reason": reason,
    }


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)


def _one_line(text: str) -> str:
    return " ".join(text.split())
