"""The report in short on a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from genlab.claims.verdicts import Verdict
from genlab.report.page import ReportData
from genlab.report.papers import cited
from genlab.report.verdicts import effect_words, interval_words, mark, published_words, tested
from genlab.statistics.few_seeds import LEVEL

COLOURS = {"holds": "green", "fails": "red", "open": "yellow"}


def claims_table(verdicts: Sequence[Verdict]) -> Table:
    """Verdict, claim with its reason, effect with its interval, and seeds; fits 80 columns; our own claims say so."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("verdict", no_wrap=True)
    table.add_column("claim", overflow="fold", ratio=1)
    table.add_column("effect (90 %)", justify="right", overflow="fold", max_width=22)
    table.add_column("seeds", justify="right", no_wrap=True)
    for verdict in verdicts:
        claim = Text(verdict.says + (" (ours)" if verdict.ours and any(not one.ours for one in verdicts) else ""))
        if verdict.verdict != "holds" and verdict.reason:
            claim.append(f"\n{verdict.reason}", style="dim")
        effect = effect_words(verdict)
        if verdict.interval is not None:
            effect += f"\n{interval_words(verdict)}"
        if verdict.effect is not None and verdict.effect_name:
            effect = f"{verdict.effect_name}\n{effect}"
        alone = verdict.published == verdict.effect and verdict.interval is None
        if verdict.published is not None and not alone:
            effect += f"\npublished {published_words(verdict)}"
        if verdict.published is not None and not verdict.published_units:
            effect += "\n(in other units)"
        if verdict.verdict == "holds" and verdict.corrected is not None and verdict.corrected > LEVEL:
            claim.append(f"\nnot among {len(verdicts)} claims: its chance is {verdict.corrected:.2g} then", style="dim")
        table.add_row(
            Text(verdict.verdict, style=COLOURS[mark(verdict.verdict)]), claim, Text(effect), str(verdict.seeds)
        )
    return table


def print_report(sweep: ReportData, files: Mapping[str, Path], console: Console) -> None:
    """What was asked, what came of it, and where the page is.

    Args:
        files: what was written, by a word for it, such as page, figures, table.
    """
    of, at = cited(sweep.paper, sweep.source), f"{sweep.scale} scale" if sweep.scale else ""
    brackets = ", ".join(filter(None, (sweep.name if of else "", at)))
    console.print(Text((of or sweep.name) + (f" ({brackets})" if brackets else ""), style="bold"))
    if sweep.asks:
        console.print(Text(sweep.asks))
    if sweep.verdicts:
        console.print()
        console.print(claims_table(sweep.verdicts))
        console.print()
        console.print(Text(f"{tested(sweep.verdicts)}."))
    if sweep.without_runs:
        console.print(Text("Of the paper's own curves; no run was read."))
    finished = int((sweep.results["status"] == "finished").sum()) if "status" in sweep.results else 0
    if not sweep.without_runs:
        console.print(Text(f"{finished} of {len(sweep.results)} runs are finished."))
    for what, path in files.items():
        # A path is one word: it is not broken, so that it can be copied.
        console.print(Text(f"{what}: {path}"), soft_wrap=True)
