"""The verdicts of reports as rows of one table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab.report.sweep_report import Report

COLUMNS = ("sweep", "claim", "says", "verdict", "effect", "low", "high", "published", "seeds", "reason")


def claim_rows(reports: "Sequence[Report]") -> list[dict[str, Any]]:
    """A row a claim: its verdict, its effect with the ends of the interval of 90 %, and the published effect."""
    rows = []
    for report in reports:
        for verdict in report.data.verdicts:
            low, high = verdict.interval or (None, None)
            row: dict[str, Any] = {
                "sweep": report.data.name,
                "claim": verdict.id,
                "says": verdict.says,
                "verdict": verdict.verdict,
            }
            row |= {"effect": verdict.effect, "low": low, "high": high, "published": verdict.published}
            rows.append(row | {"seeds": verdict.seeds, "reason": verdict.reason})
    return rows
