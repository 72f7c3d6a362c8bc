"""The report of a sweep as one HTML document that needs nothing else: no network, no scripts, no files beside it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pandas as pd

from genlab.claims.verdicts import Verdict
from genlab.config.schema.figure import FigureConfig
from genlab.report.drawing.draw import arrangement, panel_inches
from genlab.report.origin import Counts, Origin
from genlab.report.page_claims import claims
from genlab.report.page_parts import definitions, head
from genlab.report.page_style import STYLE
from genlab.report.papers import cited, title
from genlab.report.words import duration, readable, shown, shown_in

MOST_ROWS = 500
REM_AN_INCH = 6.3  # of all figures alike, so that their letters are of one size; four panels fill the page
PANEL_REM = 13.5  # the narrowest width at which a panel of a figure can still be read; narrower screens scroll


@dataclass(frozen=True)
class ReportData:
    """All that a report says.

    Attributes:
        name: of the sweep.
        paper: key of the paper, or its name; empty for a sweep of no paper.
        source: its figure, table or section; may be empty.
        asks: the question; may be empty.
        scale: smoke, laptop or paper; None for a sweep without scales.
        verdicts: of the claims.
        figures: configs with the drawn figure, an SVG document as text or a PNG file as bytes.
        results: a row a cell, as in results.csv.
        axes: dotted keys that cells differ in, with their values.
        seeds: of the sweep.
        base: the base config as YAML.
        overrides: of the command line.
        published: what each file of published curves says of itself, by its name.
        origin: provenance and cost.
        command: that made the report.
        version: of genlab.
    """

    name: str
    paper: str
    source: str
    asks: str
    scale: str | None
    verdicts: Sequence[Verdict]
    figures: Sequence[tuple[FigureConfig, bytes | str]]
    results: pd.DataFrame
    axes: Mapping[str, Sequence[Any]]
    seeds: Sequence[int]
    base: str
    origin: Origin
    command: str
    version: str
    overrides: Sequence[str] = ()
    published: Mapping[str, str] = field(default_factory=dict)

    @property
    def without_runs(self) -> bool:
        """Whether all of it is the paper's own curves."""
        return not self.seeds


def page(sweep: ReportData) -> str:
    """The document, with light and dark colours and tables and figures that scroll in their own boxes when narrow."""
    heading = cited(sweep.paper, sweep.source) or sweep.name
    parts = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="quiet">{_what(sweep)}</p>',
        f'<p class="question">{escape(sweep.asks)}</p>' if sweep.asks else "",
        claims(sweep.verdicts, where=_where(sweep), without_runs=sweep.without_runs),
        _figures(sweep.figures),
        _results(sweep),
        _published(sweep.published),
        *([] if sweep.without_runs else [_configs(sweep), _provenance(sweep)]),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{' · '.join(map(escape, dict.fromkeys((heading, sweep.name, 'genlab'))))}</title>\n"
        '<link rel="icon" href="data:,">\n'  # else browsers ask for one
        f"<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + f"\n</main>\n<footer><p>Made by genlab {escape(sweep.version)} with</p>\n"
        f"<pre>{escape(sweep.command)}</pre></footer>\n</body>\n</html>\n"
    )


def _what(sweep: ReportData) -> str:
    """Which sweep this is, and of what, where it is of a paper."""
    paper = title(sweep.paper)
    of = " of ".join(filter(None, (escape(sweep.source), f"<cite>{escape(paper)}</cite>" if paper else "")))
    at = f" at {escape(sweep.scale)} scale" if sweep.scale else ""
    return f"{f'{of}, checked by the' if of else 'The'} sweep <code>{escape(sweep.name)}</code>{at}."


def _where(sweep: ReportData) -> str:
    """At which scale and on what the runs were made, or that there are none."""
    if sweep.without_runs:
        return "on the paper's own curves"
    devices = ", ".join(what for what, _ in sweep.origin.devices) or "no device yet"
    return f"{f'at {sweep.scale} scale, ' if sweep.scale else ''}on {devices}"


def _figures(figures: Sequence[tuple[FigureConfig, bytes | str]]) -> str:
    if not figures:
        return ""
    return "<h2>Figures</h2>\n" + "\n".join(_figure(config, drawn) for config, drawn in figures)


def _figure(config: FigureConfig, drawn: bytes | str) -> str:
    kind = "svg+xml" if isinstance(drawn, str) else "png"
    content = base64.b64encode(drawn.encode() if isinstance(drawn, str) else drawn).decode()
    _, columns = arrangement(config)
    width = REM_AN_INCH * columns * panel_inches(config)[0]
    narrowest = PANEL_REM * max(columns, 1.3)
    files = f"Files: {config.name}.png, {config.name}.pdf"
    return (
        f'<figure>\n<div class="box" tabindex="0" role="group" aria-label="{escape(config.title or config.name)}">'
        f'<img style="width:{width:.4g}rem;min-width:{narrowest:g}rem" alt="{escape(_alternative(config))}" '
        f'src="data:image/{kind};base64,{content}"></div>\n'
        f"<figcaption>{escape(config.caption)} <small>{escape(files)}</small></figcaption>\n</figure>"
    )


def _alternative(config: FigureConfig) -> str:
    """What a figure shows, for those who do not see it."""
    names = [config.labels.get(y, readable(y)).replace("$", "") for y in config.y]
    against = f" against {config.labels.get(config.x, readable(config.x))}" if config.x else ""
    by = f", by {config.labels.get(config.series, readable(config.series))}" if config.series else ""
    return f"{config.title or config.name}: {config.kind} of {', '.join(names)}{against}{by}"


def _results(sweep: ReportData) -> str:
    table = sweep.results
    if table.empty:
        return "<h2>Results</h2>\n<p>No values yet.</p>"
    finals = [c for c in ("final.epoch", "final.train_error", "final.test_error") if c in table]
    measures = [str(c) for c in table if str(c).startswith("measure.")]
    state = ["status"] if "status" in table and (table["status"] != "finished").any() else []
    alone = sweep.without_runs
    wanted = [*sweep.axes, *([] if alone else ["seed"]), *state, *finals, *measures]
    columns: list[str] = [
        c for c in dict.fromkeys(wanted) if c in table and (c in sweep.axes or table[c].notna().any())
    ]
    numeric = {c: bool(pd.api.types.is_numeric_dtype(table[c])) for c in columns}
    what = "published setting" if alone else "run"
    heads = ("" if alone else head("Run")) + "".join(
        head(_titled(c), number=numeric[c], hint=c, wide=True) for c in columns
    )
    rows = "\n".join(
        "<tr>"
        + ("" if alone else f'<th scope="row"><code>{escape(str(row.get("id", "")))}</code></th>')
        + "".join(_cell(shown_in(c, row[c]), number=numeric[c]) for c in columns)
        + "</tr>"
        for row in table.head(MOST_ROWS).to_dict("records")
    )
    left = len(table) - MOST_ROWS
    more = f"<p>{left} more {what}s are in results.csv.</p>" if left > 0 else ""
    return (
        f'<h2>Results</h2>\n<p class="quiet">One row a {what}; all columns are in results.csv.</p>\n'
        f'<div class="box results" tabindex="0" role="group" aria-label="Results, one row a {what}"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n{more}"
    )


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


def _published(sources: Mapping[str, str]) -> str:
    if not sources:
        return ""
    return (
        '<h2>Published curves</h2>\n<p class="quiet">Files of <code>configs/published</code>; '
        "<code>genlab.published(NAME)</code> gives one as a table.</p>\n" + definitions(sources.items())
    )


def _provenance(sweep: ReportData) -> str:
    origin = sweep.origin
    times = [f"{text[:16].replace('T', ' ')} UTC" for text in (origin.started, origin.stopped)]
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


def _cell(words: str, *, number: bool) -> str:
    return f'<td class="number">{escape(words)}</td>' if number else f"<td>{escape(words)}</td>"


def _titled(column: str) -> str:
    words = readable(column)
    return words[:1].upper() + words[1:]
