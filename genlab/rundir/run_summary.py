"""A run in a line, and in a small table of HTML for notebooks; neither fails on a run that is damaged or gone."""

from html import escape
from typing import Any

from genlab.errors import GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import run_row
from genlab.rundir.short_names import said_in_short, short_names
from genlab.rundir.status import read_status

SETTINGS = ("data.name", "data.labels.corruption", "model.name", "model.widths", "model.depth", "seed")
ERRORS = ("final.epoch", "final.train_error", "final.test_error")


def run_line(run: RunDirectory) -> str:
    """Name of the directory, what was trained on what, and how it ended: `a-1111: data=digits ... test_error=0.05`."""
    row = _row(run)
    if isinstance(row, str):
        return f"{run.path.name}: {row}"
    said = said_in_short(row, [key for key in (*SETTINGS, *ERRORS) if row.get(key) is not None], row)
    return f"{run.path.name}: {said}"


def run_html(run: RunDirectory) -> str:
    """The same as a table with a row a value, and the tables that the run has."""
    row = _row(run)
    cells = {"run": run.path.name}
    if isinstance(row, str):
        cells["status"] = row
    else:
        names = short_names(row)
        cells |= {names[key]: _text(row[key]) for key in (*SETTINGS, *ERRORS) if row.get(key) is not None}
    tables = [name for name in ("history", "measures", "compression", "bounds") if run.table(name).exists()]
    tables += sorted(f"measures/{path.stem}" for path in run.measure_table("x").parent.glob("*.csv"))
    cells |= {"tables": ", ".join(tables), "directory": str(run.path)}
    lines = (f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in cells.items())
    return f"<table>{''.join(lines)}</table>"


def _row(run: RunDirectory) -> dict[str, Any] | str:
    try:
        return run_row(read_status(run))
    except GenlabError as error:
        return str(error)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
