"""The table on the terminal."""

import statistics
from collections.abc import Sequence

from tests.benchmarks.contests import Rounds
from tests.benchmarks.outcomes import Outcome, part_of_peak, spread

WIDTHS = (28, 14, 14, 18, 5, 6, 9, 6)
HEADS = ("", "usual", "genlab", "ratio [95 %]", "n", "CPU", "GFLOP/s", "peak")
LEGEND = (
    "Rounds alternate, each side in a process of its own; medians ± half the distance of the quartiles.",
    "ratio: by the clock, the median of pairs of rounds with its bootstrap interval.",
    "CPU: the ratio by processor time, the loader's workers included.",
    "peak: part of the rate of a matrix product of that precision, measured in the same run.",
    "usual: torchvision data set, ToTensor, Normalize, 2 loader workers, SGD, .item(); float32, NCHW.",
)


def table(outcomes: Sequence[Outcome], peak: dict[str, float]) -> list[str]:
    """Lines of at most 100 columns: contests with their ways below them, and what the results of passes say.

    Args:
        peak: 10^9 operations a second of a matrix product, by precision.
    """
    lines = [_line(HEADS), "-" * sum(WIDTHS)]
    shown = None
    for outcome in outcomes:
        contest = outcome.contest
        if len(contest.others) > 1:
            if shown is not contest:
                lines.append(f"{contest.title}, batch {contest.batch}")
                shown = contest
            title = f"  {outcome.name}"
        else:
            title = contest.title
        low, high = outcome.interval
        part = part_of_peak(outcome, peak)
        cells = (
            title,
            _rate(outcome, outcome.usual),
            _rate(outcome, outcome.other),
            f"{_short(outcome.ratio)} [{_short(low)}, {_short(high)}]",
            str(len(outcome.ratios)),
            _short(outcome.cpu_ratio),
            "" if outcome.gflops is None else f"{outcome.gflops:.0f}",
            "" if part is None else f"{part:.0%}",
        )
        lines.append(_line(cells))
    return lines + [outcome.note for outcome in outcomes if outcome.note]


def _line(cells: Sequence[str]) -> str:
    first, *rest = (f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
    return (f"{cells[0]:<{len(first)}}" + "".join(rest)).rstrip()


def _rate(outcome: Outcome, rounds: Rounds) -> str:
    """Images a second, or the time of a call."""
    if outcome.contest.unit == "image":
        text = f"{outcome.rate(rounds):,.0f}/s"
    else:
        taken = statistics.median(rounds.seconds) / outcome.contest.units
        text = f"{_short(taken)} s" if taken >= 1 else f"{_short(1000 * taken)} ms"
    return f"{text} ±{spread(rounds.seconds):.0%}"


def _short(number: float) -> str:
    """Three digits or so."""
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
