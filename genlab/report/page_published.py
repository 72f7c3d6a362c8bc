"""What is published of a sweep's columns as a part of its page: numbers beside those of the runs, and their sources."""

from collections.abc import Mapping, Sequence
from html import escape

from genlab.report.beside_published import Beside
from genlab.report.page_parts import definitions, head, link
from genlab.report.words import readable, shown, shown_in

OPEN_ROWS = 40  # more are folded


def published(sources: Mapping[str, str], beside: Sequence[Beside]) -> str:
    """The section; nothing where nothing is published.

    Args:
        sources: what each file says of itself, by its name.
        beside: its numbers for which there are runs.
    """
    if not sources:
        return ""
    return (
        (f"<h2>Published numbers beside measured ones</h2>\n{_table(beside)}\n" if beside else "")
        + '<h2>Published curves</h2>\n<p class="quiet">Files of <code>configs/published</code>; '
        "<code>genlab.published(NAME)</code> gives one as a table.</p>\n" + definitions(sources.items())
    )


def _table(beside: Sequence[Beside]) -> str:
    heads = "".join(
        [head("Setting"), head("Quantity"), *(head(w, number=True) for w in ("Published", "Measured", "Seeds"))]
    )
    rows = "\n".join(map(_row, beside))
    table = (
        '<div class="box plain" tabindex="0" role="group" aria-label="Published and measured numbers"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )
    said = (
        '<p class="quiet">Measured: the mean over seeds, with the smallest and the largest. The published ones are of '
        f"the paper's own sizes and settings. All digits are in {link('published.csv', 'published.csv')}.</p>"
    )
    if len(beside) <= OPEN_ROWS:
        return f"{said}\n{table}"
    return f"{said}\n<details><summary>{len(beside)} numbers</summary>\n{table}</details>"


def _row(one: Beside) -> str:
    settings = ", ".join(f"{readable(key)} {shown(value)}" for key, value in one.settings.items())
    words = readable(one.column)
    mean, low, high = (shown_in(one.column, number) for number in (one.mean, one.low, one.high))
    span = f" ({low} to {high})" if one.seeds > 1 else ""
    units = " <small>in other units</small>" if one.other_units else ""
    return (
        f'<tr><th scope="row">{escape(settings)}</th><td>{escape(words)}</td>'
        f'<td class="number">{escape(shown_in(one.column, one.published))}{units}</td>'
        f'<td class="number">{escape(mean + span)}</td><td class="number">{one.seeds}</td></tr>'
    )
