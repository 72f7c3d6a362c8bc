"""What the rows say of a claim, whichever its kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from genlab.claims.rows import some
from genlab.claims.units import Unit, worded
from genlab.statistics.few_seeds import LEVEL, SeedMean


@dataclass(frozen=True)
class Finding:
    """What the rows say of a claim.

    Attributes:
        holds: whether the rule is met, however few the seeds.
        points: whether the effect alone meets it, as a published curve can, which has no seeds.
        opposite: whether the opposite is shown: an effect beyond the other limit, by the same rule.
        effect: its size; None where there is none.
        effect_name: what it is.
        undecided: whether what is asked for is seen and not shown, and chance so coarse that more of it could not be.
        interval: 90 %, each end a one-sided limit of 95 %.
        chance: of what was seen, or more, where there is no effect; None where there is one seed.
        smallest: the effect that the rule would have found in 4 of 5 repeats; None where it looks for none.
        n: rows or pairs of rows that were compared.
        seeds: how many of them.
        reason: what is against the claim and what was left out, or why nothing can be told.
        left_out: what was left out, alone.
    """

    holds: bool
    effect: float | None
    effect_name: str
    n: int
    seeds: int
    reason: str
    points: bool = False
    opposite: bool = False
    undecided: bool = False
    interval: tuple[float, float] | None = None
    chance: float | None = None
    smallest: float | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Range:
    """Where an effect must lie.

    Attributes:
        words: such as "above 0".
        low, high: the ends, minus and plus infinity where open.
        slack: what counts as rounding at an end that belongs to the range; below 0 where an end does not belong to it.
        shown: from the scale on which the mean is taken to that of the effect.
        unit: of the effect.
    """

    words: str
    low: float
    high: float
    slack: float
    shown: Callable[[float], float] = float
    unit: Unit = ""

    def holds(self, value: float) -> bool:
        """Whether a mean lies in it."""
        return self.low - self.slack <= value <= self.high + self.slack

    def worded(self, *means: float) -> str:
        """Means as effects in words."""
        return worded(*map(self.shown, means), unit=self.unit)

    def chance(self, found: SeedMean) -> float:
        """Of a mean so far inside each end that there is where the true one lies beyond it."""
        chances = []
        if self.low > -float("inf"):
            chances.append(found.above(self.low - self.slack))
        if self.high < float("inf"):
            chances.append(found.below(self.high + self.slack))
        return max(chances)

    def opposite(self, found: SeedMean) -> bool:
        """Whether the whole interval lies beyond an end."""
        return found.high < self.low - self.slack or found.low > self.high + self.slack


def found_in(
    within: Range,
    mean: float,
    found: SeedMean | None,
    *,
    name: str,
    n: int,
    seeds: int,
    looks: bool,
    smallest: float | None = None,
    against: Sequence[str] = (),
    notes: Sequence[str] = (),
    left_out: tuple[str, ...] = (),
) -> Finding:
    """The finding of a rule that asks for a mean over seeds within a range, with a chance of at most 5 %.

    Args:
        mean: over seeds and cells.
        found: its test; None where there is one seed.
        looks: whether the rule looks for an effect, else for none beyond the range.
        smallest: what the rule takes to be found besides the test of the mean, where that is more.
        against: what keeps the claim from holding whatever the mean is.
        notes: what else is said.
    """
    shown = within.shown
    reasons = [f"against it: {some(against)}"] if against else []
    effect = shown(mean)
    chance = None if found is None else within.chance(found)
    if not within.holds(mean):
        reasons.insert(0, f"{name} {within.worded(mean)} is not {within.words}")
    elif found is None or chance is None or chance > LEVEL:
        ends = "has no ends" if found is None else f"{within.worded(found.low, found.high)} is not all"
        reasons.insert(0, f"not shown: the interval {ends} {within.words}")
    return Finding(
        not reasons,
        effect,
        name,
        n,
        seeds,
        "; ".join([*reasons, *notes, *left_out]),
        points=within.holds(mean) and not against,
        opposite=found is not None and within.opposite(found),
        interval=None if found is None else (shown(found.low), shown(found.high)),
        chance=chance,
        smallest=None if found is None or not looks else max(found.smallest, smallest or 0.0),
        left_out=left_out,
    )
