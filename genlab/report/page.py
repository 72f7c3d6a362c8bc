"""The report of a sweep as one HTML document that needs nothing else: no network, no scripts, no files beside it."""

import base64
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from genlab.claims.verdicts import Verdict
from genlab.config.schema.figure import FigureConfig
from genlab.report.drawing.draw import arrangement, panel_inches
from genlab.report.origin import Counts, Origin
from genlab.report.page_style import STYLE
from genlab.report.papers import cited, title
from genlab.report.verdicts import effect_words, interval_words, mark, tested
from genlab.report.words import duration, is_error, readable, shown

MOST_ROWS = 500
REM_AN_INCH = 6.3  # of all figures alike, so that their letters are of one size; four panels fill the page
PANEL_REM = 13.5  # the narrowest width at which a panel of a figure can still be read; narrower screens scroll
HEAD_LINES = 3  # that the heading of a column takes, more or less
SHORT_HEAD = 12  # characters that stay in one line


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


def page(sweep: ReportData) -> str:
    """The document, with light and dark colours and tables and figures that scroll in their own boxes when narrow."""
    heading = cited(sweep.paper, sweep.source) or sweep.name
    parts = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="quiet">{_what(sweep)}</p>',
        f'<p class="question">{escape(sweep.asks)}</p>' if sweep.asks else "",
        _claims(sweep),
        _figures(sweep.figures),
        _results(sweep),
        _configs(sweep),
        _provenance(sweep),
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


def _claims(sweep: ReportData) -> str:
    if not sweep.verdicts:
        return "<h2>Claims</h2>\n<p>This sweep makes no claims.</p>"
    devices = ", ".join(what for what, _ in sweep.origin.devices) or "no device yet"
    at = f"at {sweep.scale} scale, " if sweep.scale else ""
    said = f"{tested(sweep.verdicts)}; {at}on {devices}."
    rows = "\n".join(map(_claim, sweep.verdicts))
    rules: dict[str, list[str]] = {}
    for verdict in sweep.verdicts:
        rules.setdefault(verdict.rule, []).append(verdict.id)
    # Narrow screens show each claim as a block, where browsers forget that it is a table unless roles say so.
    columns = ("Claim", "Verdict", "Effect", "95 % interval", "n", "Seeds")
    heads = "".join(_head(c, number=c in columns[2:]) for c in columns)
    return (
        f'<h2>Claims</h2>\n<p>{escape(said)}</p>\n<div class="box" tabindex="0" role="group" aria-label="Claims">'
        '<table class="claims" role="table">\n'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{rows}\n</tbody></table></div>\n'
        '<p class="quiet">Intervals are bootstrapped over seeds: with three seeds they reach from the smallest to the '
        "largest. Nothing is corrected for the number of claims: the more are tested, the more of them hold or fail by "
        "chance.</p>\n<details><summary>When a claim holds</summary>\n"
        f"{_list((', '.join(ids), rule) for rule, ids in rules.items())}</details>"
    )


def _claim(verdict: Verdict) -> str:
    small = f"<small>{escape(' · '.join(filter(None, (verdict.id, verdict.source))))}</small>"
    reason = f"<small>{escape(verdict.reason)}</small>" if verdict.reason else ""
    name = f"<small>{escape(verdict.effect_name)}</small>" if verdict.effect is not None else ""
    badge = f'<span class="verdict {mark(verdict.verdict)}">{escape(verdict.verdict)}</span>'
    return (
        f'<tr role="row"><th scope="row" role="rowheader">{escape(verdict.says)}{small}</th>'
        f'<td role="cell">{badge}{reason}</td>'
        f'<td role="cell" class="number" data-column="Effect">{escape(effect_words(verdict))}{name}</td>'
        f'<td role="cell" class="number" data-column="95 % interval">{escape(interval_words(verdict))}</td>'
        f'<td role="cell" class="number" data-column="n">{verdict.n}</td>'
        f'<td role="cell" class="number" data-column="Seeds">{verdict.seeds}</td></tr>'
    )


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
    wanted = [*sweep.axes, "seed", *state, *finals, *measures]
    columns: list[str] = [
        c for c in dict.fromkeys(wanted) if c in table and (c in sweep.axes or table[c].notna().any())
    ]
    numeric = {c: bool(pd.api.types.is_numeric_dtype(table[c])) for c in columns}
    heads = _head("Run") + "".join(_head(_titled(c), number=numeric[c], hint=c, wide=True) for c in columns)
    rows = "\n".join(
        f'<tr><th scope="row"><code>{escape(str(row.get("id", "")))}</code></th>'
        + "".join(_cell(shown(row[c], percent=is_error(c)), number=numeric[c]) for c in columns)
        + "</tr>"
        for row in table.head(MOST_ROWS).to_dict("records")
    )
    left = len(table) - MOST_ROWS
    more = f"<p>{left} more runs are in results.csv.</p>" if left > 0 else ""
    return (
        f'<h2>Results</h2>\n<p class="quiet">One row a run; all columns are in results.csv.</p>\n'
        f'<div class="box results" tabindex="0" role="group" aria-label="Results, one row a run"><table>\n'
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
        f'<h2>Configs</h2>\n<div class="box plain"><table>\n<thead><tr>{_head("Axis")}{_head("Values")}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>\n{overrides}"
        f"<details><summary>Base config</summary>\n<pre>{escape(sweep.base)}</pre></details>"
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
        ("Versions", _counted(origin.versions, origin.runs)),
    ]
    return f"<h2>Cost</h2>\n{_list(entries)}\n<h2>Provenance</h2>\n{_list(made)}"


def _list(entries: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<dt>{escape(what)}</dt><dd>{escape(said)}</dd>\n" for what, said in entries if said)
    return f"<dl>\n{items}</dl>"


def _counted(counts: Counts, runs: int) -> str:
    """What all runs share as it is, and how many runs the rest have."""
    return "; ".join(what if count == runs else f"{what} ({count} runs)" for what, count in counts)


def _head(words: str, *, number: bool = False, hint: str = "", wide: bool = False) -> str:
    """A heading of a column, with the column's own name where it is pointed at.

    Args:
        wide: make the column as wide as a long heading needs; else its cells decide.
    """
    style = ' class="number"' if number else ""
    title_ = f' title="{escape(hint)}"' if hint else ""
    width = f' style="min-width:{_heading_width(words)}ch"' if wide else ""
    breakable = _BREAKS.sub(r"\1<wbr>", escape(words))
    return f'<th scope="col"{style}{title_}{width}>{breakable}</th>'


# Names of options are broken after these; a dot between digits is that of a number.
_BREAKS = re.compile(r"([_=,\[]|\.(?!\d))")


def _heading_width(words: str) -> int:
    """Characters in a line of a heading that takes few lines, and room for its longest word and the cell's edges."""
    longest = max(map(len, _BREAKS.sub(r"\1 ", words).split()), default=0)
    return max(longest, math.ceil(len(words) / HEAD_LINES), min(len(words), SHORT_HEAD)) + 3


def _cell(words: str, *, number: bool) -> str:
    return f'<td class="number">{escape(words)}</td>' if number else f"<td>{escape(words)}</td>"


def _titled(column: str) -> str:
    words = readable(column)
    return words[:1].upper() + words[1:]
