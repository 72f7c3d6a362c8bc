"""Check the claims of a sweep: each holds, fails, or cannot be told, with an effect, its interval and how many rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from genlab.claims.problems import claim_problems
from genlab.claims.rows import CannotTell, Table
from genlab.claims.rules import RULES, Finding, find
from genlab.config.schema.claim import Claim

__all__ = ["MINIMUM_SEEDS", "Verdict", "check_claims", "claim_problems", "explain", "summary"]

MINIMUM_SEEDS = 3


@dataclass(frozen=True)
class Verdict:
    """What the runs of a sweep say of a claim.

    Attributes:
        id: of the claim.
        says: the claim as a sentence.
        source: where it is claimed; empty where nobody did before.
        verdict: holds, fails, or cannot tell.
        effect: its size in the units of the column (a ratio and a tau have none); None where there is none.
        effect_name: "difference", "total change", "ratio", "difference from target", "Kendall tau-b" or "crossing".
        interval: lower and upper end of the effect, 95 %, by bootstrap over seeds; None below three seeds.
        n: pairs of rows (higher, lower, ratio_between, crosses) or rows (the others) that were compared.
        seeds: how many seeds had everything that was compared.
        reason: what is against the claim and where, what was left out, or why nothing can be told; may be empty where
            it holds.
        rule: when it would hold, in words.
    """

    id: str
    says: str
    source: str
    verdict: Literal["holds", "fails", "cannot tell"]
    effect: float | None
    effect_name: str
    interval: tuple[float, float] | None
    n: int
    seeds: int
    reason: str
    rule: str = ""


def check_claims(claims: Sequence[Claim], table: Table, axes: Sequence[str]) -> list[Verdict]:
    """The verdict of every claim, in their order.

    Each seed is one observation: what it shows is averaged over the cells of the other axes, and intervals come from a
    bootstrap over seeds (10,000 resamples, percentiles, draws that depend on the claim's id alone). With three seeds
    the interval of a mean is the range of the three, so that "above 0" says that all three agree; it holds the truth in
    three of four cases only, see `genlab.statistics.resampling`. Nothing is corrected for the number of claims.

    A seed that lacks a number of any cell does not count at all; below three seeds a claim cannot be told. For
    `correlates`, whose points are runs, a finished run without one of the two numbers is left out alone.

    Args:
        claims: of the sweep.
        table: from a table's name to its rows: `id`, `status`, `seed`, dotted config columns, then its own.
        axes: dotted keys in which the sweep's cells differ, without the seed.
    """
    return [_checked(claim, table, axes) for claim in claims]


def explain(kind: str) -> str:
    """The rule by which a kind of claim holds, in words.

    Raises:
        KeyError: there is no such kind.
    """
    return f"{RULES[kind]} Below {MINIMUM_SEEDS} seeds it cannot be told."


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many claims there are and what became of them, such as "5 claims: 3 hold, 1 fails, 1 cannot tell"."""
    if not verdicts:
        return "no claims"
    many = {"holds": "hold", "fails": "fail", "cannot tell": "cannot tell"}
    counts = {verdict: sum(v.verdict == verdict for v in verdicts) for verdict in many}
    parts = [f"{count} {many[verdict] if count > 1 else verdict}" for verdict, count in counts.items() if count]
    return f"{len(verdicts)} claim{'s' if len(verdicts) > 1 else ''}: {', '.join(parts)}"


def _checked(claim: Claim, table: Table, axes: Sequence[str]) -> Verdict:
    try:
        found = find(claim, table, axes)
    except CannotTell as nothing:
        found = Finding(False, None, "", None, 0, 0, str(nothing))
    verdict: Literal["holds", "fails", "cannot tell"] = "holds" if found.holds else "fails"
    interval, reason = found.interval, found.reason
    if found.seeds < MINIMUM_SEEDS:
        verdict, interval = "cannot tell", None
        if found.seeds:
            few = f"{found.seeds} seed{'s' if found.seeds > 1 else ''}, and {MINIMUM_SEEDS} are needed"
            reason = "; ".join([few, *found.left_out])
    return Verdict(
        claim.id,
        claim.says,
        claim.source or "",
        verdict,
        found.effect,
        found.effect_name,
        interval,
        found.n,
        found.seeds,
        reason,
        explain(claim.kind),
    )
