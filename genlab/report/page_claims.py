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
    published_words,
    smallest_words,
    tested,
)

COLUMNS = ("Claim", "Verdict", "Effect", "90 % interval", "Published", "Would have found", "Chance", "n", "Seeds")
# Of what is published alone, which has no seeds.
PUBLISHED_COLUMNS = ("Claim", "Verdict", "Published", "n")
ABOUT = (
    "Effects on errors are in percentage points. "
    "Each end of an interval is a one-sided limit of 95 %, by Student's t over seeds (of a crossing by a bootstrap "
    "over seeds, of a rank correlation by one over configurations). Without an effect a claim holds "
    "in at most 1 of 20 sweeps; its chance is that of what was seen, or more, without one, and beside it stands that "
    "chance corrected by Holm for all claims of the sweep. What would have been found is the effect that the seeds' "
    "own spread would have shown in 4 of 5 repeats: a published effect below it cannot be told. Published effects are "
    "those of the paper's own curves by the same rule."
)
ABOUT_PUBLISHED = (
    "Each claim is put to the paper's own curves by the rule that it is put to runs by. Curves have no seeds: a claim "
    "holds where what is published meets its limits, by however little."
)


def claims(verdicts: Sequence[Verdict], *, where: str, without_runs: bool = False) -> str:
    """The section, with a table for the claims that published curves can test and one for the others.

    Args:
        where: the scale and devices of the runs, or that there are none, in words.
        without_runs: whether the claims were put to published curves alone.
    """
    if not verdicts:
        return "<h2>Claims</h2>\n<p>This sweep makes no claims.</p>"
    papers, ours = ([v for v in verdicts if v.ours is own] for own in (False, True))
    columns, about = (PUBLISHED_COLUMNS, ABOUT_PUBLISHED) if without_runs else (COLUMNS, ABOUT)
    parts = [f"<h2>Claims</h2>\n<p>{escape(tested(verdicts))}; {escape(where)}.</p>"]
    if papers:
        parts.append(_table(papers, "Claims of the paper", columns))
    if ours:
        heading = "Our own claims, for which no published number is at hand" if papers else "Claims"
        parts.append((f"<h3>{heading}</h3>\n" if papers else "") + _table(ours, heading, columns))
    rules: dict[str, list[str]] = {}
    for verdict in verdicts:
        rules.setdefault(verdict.rule, []).append(verdict.id)
    parts.append(
        f'<p class="quiet">{escape(about)}</p>\n<details><summary>When a claim holds</summary>\n'
        f"{definitions((', '.join(ids), rule) for rule, ids in rules.items())}</details>"
    )
    return "\n".join(parts)


def _table(verdicts: Sequence[Verdict], label: str, columns: Sequence[str]) -> str:
    # Narrow screens show each claim as a block, where browsers forget that it is a table unless roles say so.
    heads = "".join(head(column, number=column not in COLUMNS[:2]) for column in columns)
    rows = "\n".join(_claim(verdict, columns[2:]) for verdict in verdicts)
    return (
        f'<div class="box" tabindex="0" role="group" aria-label="{escape(label)}">'
        '<table class="claims" role="table">\n'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{rows}\n</tbody></table></div>'
    )


def _claim(verdict: Verdict, columns: Sequence[str]) -> str:
    small = f"<small>{escape(' · '.join(filter(None, (verdict.id, verdict.source))))}</small>"
    reason = f"<small>{escape(verdict.reason)}</small>" if verdict.reason else ""
    badge = f'<span class="verdict {mark(verdict.verdict)}">{escape(verdict.verdict)}</span>'
    cells = _cells(verdict, "Effect" not in columns)
    return (
        f'<tr role="row"><th scope="row" role="rowheader">{escape(verdict.says)}{small}</th>'
        f'<td role="cell">{badge}{reason}</td>'
        + "".join(f'<td role="cell" class="number" data-column="{column}">{cells[column]}</td>' for column in columns)
        + "</tr>"
    )


def _cells(verdict: Verdict, published_alone: bool) -> dict[str, str]:
    """What stands in each column of numbers, by its heading."""
    name = f"<small>{escape(verdict.effect_name)}</small>" if verdict.effect is not None else ""
    units = "" if verdict.published is None or verdict.published_units else "<small>in other units</small>"
    chance, corrected = chance_words(verdict)
    return {
        "Effect": f"{escape(effect_words(verdict))}{name}",
        "90 % interval": escape(interval_words(verdict)).replace(" to ", "&nbsp;to "),
        "Published": f"{escape(published_words(verdict))}{name if published_alone else ''}{units}",
        "Would have found": escape(smallest_words(verdict)),
        "Chance": escape(chance) + (f"<small>{escape(corrected)}</small>" if corrected else ""),
        "n": str(verdict.n),
        "Seeds": str(verdict.seeds),
    }
