"""The report of a sweep as one HTML document that needs nothing else: no network, no scripts, no files beside it.

What it links lies in the folders about it; where it is sent without them it is whole all the same.
"""

from html import escape

from genlab.report.origin import Counts
from genlab.report.page_claims import claims
from genlab.report.page_figures import figures
from genlab.report.page_parts import definitions, head
from genlab.report.page_published import published
from genlab.report.page_references import references
from genlab.report.page_results import results
from genlab.report.page_style import STYLE
from genlab.report.papers import authors, title
from genlab.report.report_data import ReportData
from genlab.report.words import duration, shown


def page(sweep: ReportData) -> str:
    """The document, with light and dark colours and tables and figures that scroll in their own boxes when narrow."""
    heading = sweep.heading
    parts = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="quiet">{_what(sweep)}</p>',
        f'<p class="quiet">{escape(_when(sweep))}</p>' if _when(sweep) else "",
        f'<p class="question">{escape(sweep.asks)}</p>' if sweep.asks else "",
        f'<p class="notice">{escape(sweep.notice)}</p>' if sweep.notice else "",
        claims(sweep.verdicts, where=_where(sweep), without_runs=sweep.without_runs),
        figures(sweep.figures, sweep.narrow),
        results(sweep),
        published(sweep.published, sweep.beside),
        *([] if sweep.without_runs else [_configs(sweep), _provenance(sweep)]),
        references(sweep),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{' · '.join(map(escape, dict.fromkeys((heading, sweep.name, 'genlab'))))}</title>\n"
        '<link rel="icon" href="data:,">\n'  # else browsers ask for one
        f"<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + f"\n</main>\n<footer><p>{escape(_made_by(sweep))} with</p>\n"
        f"<pre>{escape(sweep.command)}</pre></footer>\n</body>\n</html>\n"
    )


def _what(sweep: ReportData) -> str:
    """Which sweep this is, and of what, where it is of a paper: that which comes with genlab, or one of one's own."""
    paper = title(sweep.paper)
    of = " of ".join(filter(None, (escape(sweep.source), f"<cite>{escape(paper)}</cite>" if paper else "")))
    at = f" at {escape(sweep.scale)} scale" if sweep.scale else ""
    changed = ", with changes" if sweep.overrides else ""
    if sweep.after:
        file = f"<code>{escape(sweep.file or sweep.name)}</code>"
        return f"A sweep of one's own, {file}{at}{changed}, after {of} ({escape(authors(sweep.paper))})."
    return f"{f'{of}, checked by the' if of else 'The'} sweep <code>{escape(sweep.name)}</code>{at}{changed}."


def _when(sweep: ReportData) -> str:
    """The days of the runs, and that of the report."""
    days = list(dict.fromkeys(text[:10] for text in (sweep.origin.started, sweep.origin.stopped) if text))
    said = [f"Runs of {' to '.join(days)}"] if days else []
    return ", ".join([*said, f"{'r' if said else 'R'}eport of {_minute(sweep.made)}"] if sweep.made else said)


def _made_by(sweep: ReportData) -> str:
    code = f" (code {sweep.code})" if sweep.code else ""
    return f"Made by genlab {sweep.version}{code}"


def _minute(time: str) -> str:
    return f"{time[:16].replace('T', ' ')} UTC"


def _where(sweep: ReportData) -> str:
    """At which scale and on what the runs were made, or that there are none."""
    if sweep.without_runs:
        return "on the paper's own curves"
    devices = ", ".join(what for what, _ in sweep.origin.devices) or "no device yet"
    return f"{f'at {sweep.scale} scale, ' if sweep.scale else ''}on {devices}"


def _configs(sweep: ReportData) -> str:
    axes = [*sweep.axes.items(), ("seed", sweep.seeds)]
    rows = "\n".join(
        f'<tr><th scope="row"><code>{escape(key)}</code></th><td>{escape("; ".join(map(shown, values)))}</td></tr>'
        for key, values in axes
    )
    overrides = f"<p>Changed for all runs: <code>{escape(' '.join(sweep.overrides))}</code></p>" * bool(sweep.overrides)
    return (
        f'<h2>Configs</h2>\n<div class="box plain"><table>\n<thead><tr>{head("Axis")}{head("Values")}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>\n{overrides}"
        f"<details><summary>Base config</summary>\n<pre>{escape(sweep.base)}</pre></details>"
    )


def _provenance(sweep: ReportData) -> str:
    origin = sweep.origin
    times = [_minute(text) for text in (origin.started, origin.stopped)]
    span = f"{duration(origin.wall_seconds)}, from {' to '.join(times)}" if origin.started else ""
    entries = [
        ("Runs", f"{origin.runs} of {len(sweep.results)} started"),
        ("Training", f"{duration(origin.training_seconds)} in all runs together, without evaluation"),
        ("First start to last stop", span),
    ]
    made = [
        ("Devices", _counted(origin.devices, origin.runs)),
        ("Commits", _counted(origin.commits, origin.runs)),
        ("Code", _counted(origin.codes, origin.runs)),
        ("Versions", _counted(origin.versions, origin.runs)),
    ]
    return f"<h2>Cost</h2>\n{definitions(entries)}\n<h2>Provenance</h2>\n{definitions(made)}"


def _counted(counts: Counts, runs: int) -> str:
    """What all runs share as it is, and how many runs the rest have."""
    return "; ".join(what if count == runs else f"{what} ({count} runs)" for what, count in counts)
