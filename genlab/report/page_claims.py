"""The claims of a report as a part of its page: those of the paper beside what it published, then our own."""

from collections.abc import Sequence
from html import escape

from genlab.claims.verdicts import Verdict
from genlab.report.page_parts import definitions, head
from genlab.report.verdicts import (
    chance_words,
    effect_words,
    interval_words,
    mark,
    number_words,
    published_words,
    tested,
)

COLUMNS = ("Claim", "Verdict", "Effect", "90 % interval", "Published", "Would have found", "Chance", "n", "Seeds")
ABOUT = (
    "Each end of an interval is a one-sided limit of 95 %, by Student's t over seeds. Without an effect a claim holds "
    "in at most 1 of 20 sweeps; its chance is that of what was seen, or more, without one, and beside it stands that "
    "chance corrected by Holm for all claims of the sweep. What would have been found is the effect that the seeds' "
    "own spread would have shown in 4 of 5 repeats: a published effect below it cannot be told. Published effects are "
    "those of the paper's own curves by the same rule."
)


def claims(verdicts: Sequence[Verdict], *, where: str) -> str:
    """The section, with a table for the claims that published curves can test and one for the others.

    Args:
        where: the scale and devices of the runs, or that there are none, in words.
    """
    if not verdicts:
        return "<h2>Claims</h2>\n<p>This sweep makes no claims.</p>"
    papers, ours = ([v for v in verdicts if v.ours is own] for own in (False, True))
    parts = [f"<h2>Claims</h2>\n<p>{escape(tested(verdicts))}; {escape(where)}.</p>"]
    if papers:
        parts.append(_table(papers, "Claims of the paper"))
    if ours:
        heading = "Our own claims, for which no published number is at hand" if papers else "Claims"
        parts.append((f"<h3>{heading}</h3>\n" if papers else "") + _table(ours, heading))
    rules: dict[str, list[str]] = {}
    for verdict in verdicts:
        rules.setdefault(verdict.rule, []).append(verdict.id)
    parts.append(
        f'<p class="quiet">{escape(ABOUT)}</p>\n<details><summary>When a claim holds</summary>\n'
        f"{definitions((', '.join(ids), rule) for rule, ids in rules.items())}</details>"
    )
    return "\n".join(parts)


def _table(verdicts: Sequence[Verdict], label: str) -> str:
    # Narrow screens show each claim as a block, where browsers forget that it is a table unless roles say so.
    heads = "".join(head(column, number=column in COLUMNS[2:]) for column in COLUMNS)
    rows = "\n".join(map(_claim, verdicts))
    return (
        f'<div class="box" tabindex="0" role="group" aria-label="{escape(label)}">'
        '<table class="claims" role="table">\n'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{rows}\n</tbody></table></div>'
    )


def _claim(verdict: Verdict) -> str:
    small = f"<small>{escape(' · '.join(filter(None, (verdict.id, verdict.source))))}</small>"
    reason = f"<small>{escape(verdict.reason)}</small>" if verdict.reason else ""
    name = f"<small>{escape(verdict.effect_name)}</small>" if verdict.effect is not None else ""
    units = "" if verdict.published is None or verdict.published_units else "<small>in other units</small>"
    chance, corrected = chance_words(verdict)
    cells = (
        f"{escape(effect_words(verdict))}{name}",
        escape(interval_words(verdict)),
        f"{escape(published_words(verdict))}{units}",
        "–" if verdict.smallest is None else escape(number_words(verdict.smallest)),
        escape(chance) + (f"<small>{escape(corrected)}</small>" if corrected else ""),
        str(verdict.n),
        str(verdict.seeds),
    )
    badge = f'<span class="verdict {mark(verdict.verdict)}">{escape(verdict.verdict)}</span>'
    return (
        f'<tr role="row"><th scope="row" role="rowheader">{escape(verdict.says)}{small}</th>'
        f'<td role="cell">{badge}{reason}</td>'
        + "".join(
            f'<td role="cell" class="number" data-column="{column}">{cell}</td>'
            for column, cell in zip(COLUMNS[2:], cells, strict=True)
        )
        + "</tr>"
    )
