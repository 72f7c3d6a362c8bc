"""A figure of runs: their curves along training, or a point a run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from genlab.config.schema.figure import FigureConfig
from genlab.config.validation import nearest
from genlab.errors import UsageError
from genlab.report.drawing.draw import draw
from genlab.report.run_labels import labels_of, said_apart, settings_apart
from genlab.report.run_log import SO_FAR, read_log
from genlab.report.words import readable
from genlab.rundir.columns import HISTORY_COLUMNS, TIMING_COLUMNS
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import run_row
from genlab.rundir.short_names import named_column
from genlab.rundir.status import read_status

# Each of both sets, on one pair of axes.
SIDES = ("error", "loss")
# In the order in which lines get colours and dashes, which is that of words.
SETS = {"1 train": "train", "2 test": "test"}
ALONG = (*dict.fromkeys([*HISTORY_COLUMNS, *TIMING_COLUMNS]), SO_FAR)
ERRORS = ("final.train_error", "final.test_error")
# More names than this are no help below a figure, or make a legend that nobody reads.
MOST_NAMED, MOST_LINES, MOST_SERIES = 4, 40, 7
LONGEST_NAME = 100


@dataclass(frozen=True)
class RunPlot:
    """A figure of runs.

    Attributes:
        figure: drawn.
        name: what its file is called, without an ending.
        x, y: columns.
    """

    figure: Figure
    name: str
    x: str
    y: tuple[str, ...]


def plot_runs(
    runs: Sequence[RunDirectory], *, x: str | None, y: Sequence[str], log_x: bool = False, log_y: bool = False
) -> RunPlot:
    """Draw runs: a line a run along training, or where columns are of whole runs a point a run.

    Args:
        x: a column of the history or timing, or `seconds_so_far`; or one of the rows of runs (a dotted config key,
            `final.test_error`, `measure.NAME`). None for the epoch, or for the key in which the runs differ.
        y: columns of the same kind, a panel each; `error` and `loss` are those on the training and the test set. None
            for both of these.
        log_x, log_y: logarithmic axes.

    Raises:
        UsageError: a column that no run has, columns of both kinds, or nothing to draw.
        GenlabError: a run is damaged.
    """
    columns = [*([x] if x else []), *y]
    along = [column for column in columns if column in ALONG or column in SIDES]
    scales: dict[str, Any] = {"x_scale": "log" if log_x else "linear", "y_scale": "log" if log_y else "linear"}
    if len(along) == len(columns):
        return _curves(runs, x or "epoch", tuple(y) or SIDES, scales)
    if along:
        other = next(column for column in columns if column not in along)
        meant = nearest(other, [*ALONG, *SIDES])
        raise UsageError(f"{along[0]} is a column of every epoch and {other} of a whole run, or of none; {meant}")
    return _points(runs, x, tuple(y), scales)


def _curves(runs: Sequence[RunDirectory], x: str, y: tuple[str, ...], scales: dict[str, Any]) -> RunPlot:
    sides = [column for column in y if column in SIDES]
    if x in SIDES or (sides and len(sides) < len(y)):
        raise UsageError(
            f"{x if x in SIDES else sides[0]} stands for train_{sides[0] if sides else x} and test_"
            f"{sides[0] if sides else x}, and not beside other columns; write these"
        )
    if len(runs) > MOST_LINES:
        remedy = "name fewer, or draw a point a run, as with --x data.labels.corruption --y final.test_error"
        raise UsageError(f"{len(runs)} runs are more lines than anybody tells apart ({MOST_LINES} at most); {remedy}")
    logs = [read_log(run) for run in runs]
    apart = settings_apart(runs, [log.status for log in logs])
    labels = labels_of(runs, apart)
    rows: list[dict[str, Any]] = []
    for run, log, label in zip(runs, logs, labels, strict=True):
        for row in log.epochs:
            own = {"id": run.path.name, "run": label, x: row.get(x)}
            if sides:
                rows += [
                    own | {"set": value} | {column: row.get(f"{side}_{column}") for column in y}
                    for value, side in SETS.items()
                ]
            else:
                rows.append(own | {column: row.get(column) for column in y})
    table = pd.DataFrame(rows, columns=list(dict.fromkeys(["id", "run", "set", x, *y])))
    _require_values(table, [x, *y])
    several = len(runs) > 1
    config = FigureConfig(
        name="plot",
        kind="curves",
        x=x,
        y=y,
        series="run" if several else ("set" if sides else None),
        title=_common_name(runs),
        labels=_said(labels, apart) | SETS,
        panels_per_row=2,
        **scales,
    )
    unfinished = [(run, log.status["status"]) for run, log in zip(runs, logs, strict=True)]
    figure = draw(config, lambda _: table, ["set"] if sides else [], said=_notes(unfinished))
    return RunPlot(figure, _file_name(runs, x if x != "epoch" else "", y if y != SIDES else ("curves",)), x, y)


def _points(runs: Sequence[RunDirectory], x: str | None, y: tuple[str, ...], scales: dict[str, Any]) -> RunPlot:
    statuses = [read_status(run) for run in runs]
    rows = [run_row(status | {"path": str(run.path)}, run) for run, status in zip(runs, statuses, strict=True)]
    apart = settings_apart(runs, statuses)
    for key, values in apart.items():
        for row, value in zip(rows, values, strict=True):
            row[key] = value
    known = list(dict.fromkeys(key for row in rows for key in row))
    y = tuple(_column(column, known) for column in y)
    if x is None:
        varied = [key for key in apart if key != "seed"]
        if len(varied) != 1:
            what = ", ".join(varied) or "nothing but their seeds"
            raise UsageError(f"--x: along which column? The runs differ in {what}")
        (x,) = varied
    x = _column(x, known)
    y = y or tuple(column for column in ERRORS if column != x)
    table = pd.DataFrame(rows)
    _require_values(table[table["status"] == "finished"] if "status" in table else table, [x, *y])
    others = {key: values for key, values in apart.items() if key not in (x, "seed", *y)}
    labels = _series(others, len(rows))
    if labels:
        table["run"] = labels
    words = any(isinstance(value, str) for value in table[x])
    config = FigureConfig(
        name="plot",
        kind="points" if words else "scatter",
        x=x,
        y=y,
        series="run" if labels else None,
        title=_common_name(runs) if len(runs) > 1 else "",
        labels=_said(labels, others),
        panels_per_row=2,
        **scales,
    )
    finished = [(run, "") for run, status in zip(runs, statuses, strict=True) if status["status"] == "finished"]
    figure = draw(config, lambda _: table, [], said=_notes(finished))
    return RunPlot(figure, _file_name(runs, x, y), x, y)


def _series(others: dict[str, list[Any]], count: int) -> list[str]:
    """What tells runs of the same x apart, where those are few; nothing else."""
    labels = said_apart(others, count) if others else []
    return labels if len(set(labels)) <= MOST_SERIES else []


def _said(labels: Sequence[str], apart: dict[str, list[Any]]) -> dict[str, str]:
    """What the legend calls lines: the key that tells them apart above bare values, or whole labels."""
    if len(apart) == 1:
        return {"run": readable(next(iter(apart)))}
    return {label: label for label in labels}


def _column(name: str, known: Sequence[str]) -> str:
    """The column of the rows of runs that a name stands for, in full or in short as in lists of runs."""
    if found := named_column(name, known):
        return found
    if name.startswith("measure."):
        raise UsageError(f"no run has {name} yet; `genlab measure RUN --only {name.removeprefix('measure.')}`")
    meant = nearest(name, [*known, *ALONG, *SIDES])
    remedy = meant if meant.startswith("did you mean") else "`genlab runs show RUN` has all of them"
    raise UsageError(f"no run has a column {name!r}; {remedy}")


def _require_values(table: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in table or not table[column].notna().any():
            measured = "; `genlab measure` computes it" if column.startswith("measure.") else ""
            raise UsageError(f"no run has a value of {column} yet{measured}")


def _common_name(runs: Sequence[RunDirectory]) -> str:
    if len(runs) == 1:
        return runs[0].path.name
    return runs[0].name if len({run.name for run in runs}) == 1 else ""


def _notes(runs: Sequence[tuple[RunDirectory, str]]) -> list[str]:
    """The runs where they are few, and those that have not finished."""
    notes = []
    if 1 < len(runs) <= MOST_NAMED:
        notes.append(f"Runs: {', '.join(run.path.name for run, _ in runs)}.")
    unfinished = [f"{run.path.name} {status}" for run, status in runs if status not in ("", "finished")]
    if unfinished:
        more = len(unfinished) - MOST_NAMED
        notes.append(f"Not finished: {', '.join(unfinished[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}.")
    return notes


def _file_name(runs: Sequence[RunDirectory], x: str, y: Sequence[str]) -> str:
    """As `mnist-mlp-f14e83032d47-curves`, or `mnist-mlp-test_error-by-corruption`."""
    of = _common_name(runs) or f"{len(runs)}-runs"
    ends = [column.rpartition(".")[2] if "[" not in column else column for column in (*y, x)]
    name = "-".join([of, *ends[:-1], *(["by", ends[-1]] if x else [])])
    return re.sub(r"[^\w.=-]+", "-", name)[:LONGEST_NAME].strip("-")
