"""Compute the chosen measures of one run: one row a number, one table a curve, a reason where there is neither."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from genlab.config.vocabulary import Inputs
from genlab.errors import ConfigError, InterruptedByUserError, PreemptedError, Problem
from genlab.measures import MEASURES
from genlab.measures.computing.registry import Measure, NotApplicable, Value, nearest
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import INPUTS
from genlab.rundir.columns import IN_A_TABLE as TABLE
from genlab.rundir.columns import MEASURE_TABLE_COLUMNS

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """What a measurement pass found.

    Attributes:
        rows: dicts with the keys `MEASURE_COLUMNS`. `layer` is empty for the whole net, `epoch` for whoever knows it;
            `value` is None where `reason` says why; what a measure does not know is None. A table gets one row too,
            without value and with the reason "table", so that every measure asked for has at least one row and rows can
            be replaced by their key.
        tables: by measure.
        input_seconds: by input, how long it took; `seconds` of a row is the time of the measure's own function alone.
    """

    rows: list[Row] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    input_seconds: dict[str, float] = field(default_factory=dict)


def compute_measures(
    subject: Subject,
    names: Sequence[str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Results:
    """Compute measures of one run; shared inputs are computed once, and only those that are asked for.

    A measure that fails for whatever reason gets a row with the reason and does not keep the others from their values.

    Args:
        subject: the run as tensors; not changed.
        names: measures to compute; all registered ones where None. Computed in the order of registration.
        options: by measure, values of its options; the rest keep their defaults. Options of a measure that is not
            among the names are checked and not used.

    Raises:
        ConfigError: unknown measures or options, or values of the wrong type; all of them at once.
    """
    chosen, parsed = check_request(names, options or {})
    inputs = Inputs(subject, INPUTS)
    results = Results(input_seconds=inputs.seconds)
    for measure in chosen:
        _compute_one(measure, parsed.get(measure.name, {}), inputs, results)
    return results


def canonical_options(measure: Measure, values: Mapping[str, Any]) -> str:
    """The options that differ from their defaults, as JSON with sorted keys; empty where none does.

    Infinity is spelt "inf", which is also how it is set.
    """
    changed = {
        name: str(value) if isinstance(value, float) and math.isinf(value) else value
        for name, value in sorted(values.items())
        if value != measure.options[name].default
    }
    return json.dumps(changed, separators=(",", ":")) if changed else ""


def check_request(
    names: Sequence[str] | None, options: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Measure], dict[str, dict[str, Any]]]:
    """The measures of these names in the order of registration, and the options in their own types, by measure.

    Raises:
        ConfigError: unknown measures or options, or values of the wrong type; all of them at once.
    """
    problems = [
        Problem(name, f"no measure of this name{nearest(name, MEASURES)}")
        for name in dict.fromkeys([*(names or ()), *options])
        if name not in MEASURES
    ]
    parsed: dict[str, dict[str, Any]] = {}
    for name, values in options.items():
        if name not in MEASURES:
            continue
        known = MEASURES[name].options
        parsed[name] = {}
        for key, value in values.items():
            if key not in known:
                problems.append(Problem(f"{name}.{key}", f"{name} has no such option{nearest(key, known)}"))
                continue
            try:
                parsed[name][key] = known[key].parse(value)
            except ValueError as error:
                problems.append(Problem(f"{name}.{key}", str(error)))
    if problems:
        raise ConfigError(problems)
    return [measure for name, measure in MEASURES.items() if names is None or name in names], parsed


def _compute_one(measure: Measure, options: Mapping[str, Any], inputs: Inputs, results: Results) -> None:
    seconds: float | None = None
    reason = ""
    values: dict[str, Value | None] = {"": None}
    try:
        arguments = {name: inputs.get(name, measure.name) for name in measure.inputs}
        start = time.perf_counter()
        try:
            found = measure.function(**arguments, **options)
        finally:
            seconds = time.perf_counter() - start
        if isinstance(found, pd.DataFrame) != measure.table:
            raise TypeError(f"it returned a {type(found).__name__} and is registered with table={measure.table}")
        if isinstance(found, pd.DataFrame) and (taken := MEASURE_TABLE_COLUMNS.keys() & found.columns):
            raise TypeError(f"its table has a column {taken.pop()}, which tells the tables of a run apart")
        if isinstance(found, pd.DataFrame):
            results.tables[measure.name] = found
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
        reason = _one_line(f"{type(error).__name__}: {error}")
    text = canonical_options(measure, options)
    for layer, value in values.items():
        results.rows.append(_row(measure, layer, value, options=text, seconds=seconds, reason=reason))


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
