"""The report in short on a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from genlab.claims.verdicts import Verdict
from genlab.report.report_data import ReportData
from genlab.report.verdicts import effect_words, interval_words, mark, published_words, tested
from genlab.statistics.few_seeds import LEVEL

COLOURS = {"holds": "green", "fails": "red", "open": "yellow"}


def claims_table(verdicts: Sequence[Verdict]) -> Table:
    """Each verdict beside its claim, and below that the effect, what was published, the seeds, and what is against it.

    Numbers stand in lines of their own and not in columns, which on 80 columns would leave no room for either.
    """
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("verdict", no_wrap=True)
    table.add_column("claim, effect (90 %) and seeds", overflow="fold", ratio=1)
    both = len({verdict.ours for verdict in verdicts}) > 1
    for verdict in verdicts:
        claim = Text(verdict.says + (" (ours)" if verdict.ours and both else ""))
        claim.append(f"\n{_numbers(verdict)}")
        if verdict.verdict != "holds" and verdict.reason:
            claim.append(f"\n{verdict.reason}", style="dim")
        if verdict.verdict == "holds" and verdict.corrected is not None and verdict.corrected > LEVEL:
            claim.append(f"\nnot among {len(verdicts)} claims: its chance is {verdict.corrected:.2g} then", style="dim")
        table.add_row(Text(verdict.verdict, style=COLOURS[mark(verdict.verdict)]), claim)
    return table


def _numbers(verdict: Verdict) -> str:
    """Effect with its interval, what was published and seeds: "difference 4.2 (3.1 to 5.4); published 4.4; 3 seeds"."""
    said = []
    if verdict.effect is not None:
        interval = "" if verdict.interval is None else f" ({interval_words(verdict)})"
        said.append(f"{verdict.effect_name} {effect_words(verdict)}{interval}")
    units = "" if verdict.published_units else " (in other units)"
    if verdict.published is not None and not (verdict.published == verdict.effect and verdict.interval is None):
        said.append(f"published {published_words(verdict)}{units}")
    elif said and verdict.published is not None:
        said[0] += units
    return "; ".join([*said, f"{verdict.seeds} seed{'' if verdict.seeds == 1 else 's'}"])


def print_report(sweep: ReportData, files: Mapping[str, Path], console: Console) -> None:
    """What was asked, what came of it, and where the page is.

    Args:
        files: what was written, by a word for it, such as page, figures, table.
    """
    name = "" if sweep.name in sweep.heading else sweep.name
    brackets = ", ".join(filter(None, (name, f"{sweep.scale} scale" if sweep.scale else "")))
    console.print(Text(sweep.heading + (f" ({brackets})" if brackets else ""), style="bold"))
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
    if sweep.notice:
        console.print(Text(sweep.notice, style="bold"), soft_wrap=True)  # it has commands to copy
    for what, path in files.items():
        # A path is one word: it is not broken, so that it can be copied.
        console.print(Text(f"{what}: {path}"), soft_wrap=True)
