"""What is asked of training many nets at once on 2 cores of a CPU, against the same nets one after another.

Nothing is asserted: a ratio depends on the machine and on what else it does. The report says which goals are met.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.outcomes import Outcome


@dataclass(frozen=True)
class Goal:
    """A ratio to reach.

    Attributes:
        title: of the contest, or how it begins.
        ways: of which the better one counts.
        at_least: the ratio.
        says: in words.
    """

    title: str
    ways: tuple[str, ...]
    at_least: float
    says: str


CHOSEN = ("as chosen", "as chosen, process a core")
GOALS = (
    Goal("64 nets 784-30-30-10", CHOSEN, 13, "13 times as fast"),
    Goal("64 nets 784-64-64-10", CHOSEN, 2, "2 times as fast"),
    Goal("8 nets 784-512-512-10", ("as chosen",), 1, "never slower than one after another"),
    Goal("8 VGG-11", ("as chosen",), 1, "never slower than one after another"),
    Goal("sweep of 64", CHOSEN, 13, "13 times as fast"),
)
# Measured on a GPU only; there has been none.
OPEN = ("goals for a GPU: open, not measured",)


def goal_lines(outcomes: Sequence[Outcome], goals: Sequence[Goal] = GOALS) -> list[str]:
    """A line a goal that was measured: met where its ratio is in or below the interval of the better way."""
    lines = []
    for goal in goals:
        found = [o for o in outcomes if o.contest.title.startswith(goal.title) and o.name in goal.ways]
        if found:
            best = max(found, key=lambda outcome: outcome.ratio)
            lines.append(f"goal, {best.contest.title}: {goal.says}: {verdict(best, goal.at_least)} ({best.name})")
    return [*lines, *OPEN] if lines else []


def verdict(outcome: Outcome, at_least: float) -> str:
    """Met, not met, or within the noise."""
    low, high = outcome.interval
    measured = f"{outcome.ratio:.2f} [{low:.2f}, {high:.2f}]"
    if outcome.ratio >= at_least:
        return f"met, {measured}"
    return f"within the noise of {at_least:g}, {measured}" if high >= at_least else f"not met, {measured}"
