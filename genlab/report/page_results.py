"""The runs of a report as a table of its page: what the sweep asks for, a row a run."""

from collections.abc import Sequence
from html import escape

import pandas as pd

from genlab.report.page_parts import head, link
from genlab.report.report_data import ReportData
from genlab.report.words import readable, shown_in

MOST_ROWS = 500
FINALS = ("final.epoch", "final.train_error", "final.test_error")
# As many fit on paper side by side; the rows of wider tables are printed as paragraphs.
MOST_PRINTED = 11


def results(sweep: ReportData) -> str:
    """The section. Measures that runs have for other reasons than this sweep are counted, and not shown."""
    table = sweep.results
    if table.empty:
        return "<h2>Results</h2>\n<p>No values yet.</p>"
    columns = _columns(sweep)
    numeric = {c: bool(pd.api.types.is_numeric_dtype(table[c])) for c in columns}
    what = "published setting" if sweep.without_runs else "run"
    heads = ("" if sweep.without_runs else head("Run")) + "".join(
        head(_titled(c), number=numeric[c], hint=c, wide=True) for c in columns
    )
    rows = "\n".join(
        "<tr>"
        + ("" if sweep.without_runs else f'<th scope="row">{_run(sweep, str(row.get("id", "")))}</th>')
        + "".join(_cell(c, shown_in(c, row[c]), number=numeric[c]) for c in columns)
        + "</tr>"
        for row in table.head(MOST_ROWS).to_dict("records")
    )
    left = len(table) - MOST_ROWS
    more = f"<p>{left} more {what}s are in {link('results.csv', 'results.csv')}.</p>" if left > 0 else ""
    wide = " wide" if len(columns) > MOST_PRINTED else ""
    return (
        f'<h2>Results</h2>\n<p class="quiet">{_about(sweep, what, columns)}</p>\n'
        f'<div class="box results{wide}" tabindex="0" role="group" aria-label="Results, one row a {what}"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n{more}"
    )


def _columns(sweep: ReportData) -> list[str]:
    """Axes, seed, how far runs are where that is not the same, errors, and what the sweep asks for besides."""
    table = sweep.results
    measures = [str(c) for c in table if str(c).startswith("measure.")]
    state = ["status"] if "status" in table and (table["status"] != "finished").any() else []
    seed = [] if sweep.without_runs else ["seed"]
    wanted = [*sweep.axes, *seed, *state, *FINALS, *(measures if sweep.asked is None else sweep.asked)]
    return [c for c in dict.fromkeys(wanted) if c in table and (c in sweep.axes or table[c].notna().any())]


def _about(sweep: ReportData, what: str, columns: Sequence[str]) -> str:
    """What is shown, and what is not: a run has whatever was ever measured of it, for this sweep or another."""
    file = link("results.csv", "results.csv")
    others = [c for c in sweep.results if str(c).startswith("measure.") and c not in columns]
    others = [c for c in others if sweep.results[c].notna().any()]
    if not others:
        return f"One row a {what}; all columns are in {file}."
    many = f"{len(others)} measures" if len(others) > 1 else "1 measure"
    return (
        f"One row a {what}, with what this sweep asks for; all columns are in {file}, also {many} that some of its "
        "runs have for other reasons."
    )


def _run(sweep: ReportData, identity: str) -> str:
    """A run's id, as a link to its folder where there is one."""
    folder = sweep.folders.get(identity)
    return f"<code>{link(f'{folder}/', identity) if folder else escape(identity)}</code>"


def _cell(column: str, words: str, *, number: bool) -> str:
    kind = ' class="number"' if number else ""
    return f'<td{kind} data-column="{escape(_titled(column))}">{escape(words)}</td>'


def _titled(column: str) -> str:
    words = readable(column)
    return words[:1].upper() + words[1:]
