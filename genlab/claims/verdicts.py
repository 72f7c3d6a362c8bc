"""Check the claims of a sweep: each holds, fails, or cannot be told, beside what was published."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from genlab.claims.finding import Finding
from genlab.claims.problems import claim_problems
from genlab.claims.published import Published
from genlab.claims.rows import CannotTell, Table
from genlab.claims.rules import RULES, find
from genlab.claims.units import Unit, unit_of, worded
from genlab.config.schema.claim import Claim
from genlab.statistics.many_tests import holm

__all__ = ["MINIMUM_SEEDS", "Verdict", "check_claims", "check_published", "claim_problems", "explain", "summary"]

MINIMUM_SEEDS = 3
Word = Literal["holds", "fails", "cannot tell"]


@dataclass(frozen=True)
class Verdict:
    """What the runs of a sweep say of a claim.

    Attributes:
        id: of the claim.
        says: the claim as a sentence.
        source: where it is claimed; empty where nobody did before.
        verdict: holds, fails, or cannot tell.
        effect: its size; None where there is none.
        unit: of the effect, its interval and `smallest`: 0..1 of errors (parts of the images, of which reports make
            percentage points), 1 of a ratio, a tau or Psi, and empty for the column's own.
        effect_name: "difference", "total change", "ratio", "difference from target", "Kendall tau", "Psi" or
            "crossing".
        interval: lower and upper end of the effect, 90 %, so that each is a one-sided limit of 95 %; None below three
            seeds.
        n: pairs of rows (higher, lower, ratio_between, crosses) or rows (the others) that were compared.
        seeds: how many seeds had everything that was compared.
        reason: what is against the claim and where, what was left out, or why nothing can be told; may be empty where
            it holds.
        rule: when it would hold, in words.
        published: the effect that the paper's own curves have by the same rule; None where none is published.
        published_units: whether that is in the units of `effect`.
        chance: of what was seen, or more, where there is no effect (the p-value); None where there is no test.
        corrected: that chance corrected by Holm for all claims of the sweep that were tested.
        smallest: the effect that would have been found in 4 of 5 repeats, in the units of `effect`; None where the
            rule looks for none or there is no test.
    """

    id: str
    says: str
    source: str
    verdict: Word
    effect: float | None
    effect_name: str
    interval: tuple[float, float] | None
    n: int
    seeds: int
    reason: str
    rule: str = ""
    published: float | None = None
    published_units: bool = True
    chance: float | None = None
    corrected: float | None = None
    smallest: float | None = None
    unit: Unit = ""

    @property
    def ours(self) -> bool:
        """Whether no published number can be put to the claim, so that it is not the paper's but ours."""
        return self.published is None


def check_claims(
    claims: Sequence[Claim], table: Table, axes: Sequence[str], published: Published | None = None
) -> list[Verdict]:
    """The verdict of every claim, in their order.

    Each seed is one observation: what it shows is averaged over the cells of the other axes, and tested by Student's t
    over seeds (`correlates`, whose points are runs, by exchanging the values of each axis). Without an effect no rule
    holds in more than 1 of 20 sweeps; `corrected` says what is left when all claims of the sweep are looked at.

    A seed that lacks a number of any cell does not count at all; below three seeds a claim cannot be told, and neither
    can one that does not hold where the published effect is smaller than what the seeds would have found, unless the
    opposite is shown.

    Args:
        claims: of the sweep.
        table: from a table's name to its rows: `id`, `status`, `seed`, dotted config columns, then its own.
        axes: dotted keys in which the sweep's cells differ, without the seed.
        published: the paper's own curves.
    """
    found = [_checked(claim, table, axes, published) for claim in claims]
    # A claim whose effect is too small to be told was tested too: left out because it did not hold, it would flatter
    # those beside it.
    tested = [i for i, verdict in enumerate(found) if verdict.chance is not None]
    corrected = holm([chance for i in tested if (chance := found[i].chance) is not None])
    for i, chance in zip(tested, corrected, strict=True):
        found[i] = replace(found[i], corrected=chance)
    return found


def check_published(claims: Sequence[Claim], published: Published, axes: Sequence[str]) -> list[Verdict]:
    """Each claim put to the paper's own curves by its own rule, which have one value where runs have seeds.

    A claim holds where the published effect alone meets its rule, and cannot be told where nothing is published for it.
    """
    verdicts = []
    for claim in claims:
        table = published.about(claim.table, *_of(claim))
        nothing = "" if len(table(claim.table)) else "no number is published for it"
        try:
            found = find(claim, table, axes)
        except CannotTell as why:
            nothing = nothing or f"what is published does not answer it: {why}"
            found = Finding(False, None, "", 0, 0, nothing)
        word: Word = "cannot tell" if nothing else "holds" if found.points else "fails"
        verdict = _verdict(claim, found, word, nothing or ("" if found.points else found.reason))
        units = claim.column not in published.other_units
        verdicts.append(replace(verdict, published=found.effect, published_units=units, interval=None))
    return verdicts


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


def _checked(claim: Claim, table: Table, axes: Sequence[str], published: Published | None) -> Verdict:
    effect = _published_effect(claim, axes, published)
    units = published is None or claim.column not in published.other_units
    try:
        found = find(claim, table, axes)
    except CannotTell as nothing:
        found = Finding(False, None, "", 0, 0, str(nothing))
    word: Word = "holds" if found.holds else "fails"
    reason = found.reason
    if found.seeds < MINIMUM_SEEDS:
        word = "cannot tell"
        found = replace(found, interval=None, chance=None, smallest=None)
        if found.seeds:
            few = f"{found.seeds} seed{'s' if found.seeds > 1 else ''}, and {MINIMUM_SEEDS} are needed"
            reason = "; ".join([few, *found.left_out])
    elif found.undecided:
        word = "cannot tell"
    elif not (found.holds or found.opposite) and units and too_small(effect, found):
        word = "cannot tell"
        ends = [worded(number, unit=unit_of(claim)) for number in (effect or 0.0, found.smallest or 0.0)]
        small = f"the published effect, {ends[0]}, is smaller than what was to be found, {ends[1]}"
        reason = "; ".join([small, reason])
    return replace(_verdict(claim, found, word, reason), published=effect, published_units=units)


def too_small(effect: float | None, found: Finding) -> bool:
    """Whether a published effect is smaller than what the seeds would have shown in 4 of 5 repeats."""
    return effect is not None and found.smallest is not None and found.smallest > abs(effect)


def _published_effect(claim: Claim, axes: Sequence[str], published: Published | None) -> float | None:
    if published is None:
        return None
    try:
        return find(claim, published.about(claim.table, *_of(claim)), axes).effect
    except CannotTell:
        return None


def _of(claim: Claim) -> list[str]:
    """The columns of numbers of a claim that its table has, those of other axes being of the results."""
    return [column for column in (claim.column, claim.along) if column is not None]


def _verdict(claim: Claim, found: Finding, word: Word, reason: str) -> Verdict:
    return Verdict(
        claim.id,
        claim.says,
        claim.source or "",
        word,
        found.effect,
        found.effect_name,
        found.interval,
        found.n,
        found.seeds,
        reason,
        explain(claim.kind),
        chance=None if found.chance is None or found.seeds < MINIMUM_SEEDS else min(1.0, found.chance),
        smallest=found.smallest,
        unit=unit_of(claim),
    )
