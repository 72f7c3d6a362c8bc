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
    "usual of many nets and of sweeps: genlab, one net after another in one process; times are of a step of one net and"
    " of the whole command.",
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
                lines.append(contest.title if contest.batch is None else f"{contest.title}, batch {contest.batch}")
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


def memory(outcomes: Sequence[Outcome]) -> list[str]:
    """A line a contest: the peak memory of each way in MB, children included where they do the work."""
    usual = {outcome.contest.title: outcome.usual for outcome in outcomes}
    lines = []
    for title, rounds in usual.items():
        others = [o for o in outcomes if o.contest.title == title]
        ways = {"usual": rounds} | {o.name if len(others) > 1 else "genlab": o.other for o in others}
        shown = ", ".join(f"{name} {found.peak_memory_bytes / 1e6:.0f}" for name, found in ways.items())
        lines.append(f"peak memory in MB, {title}: {shown}")
    return lines


def _line(cells: Sequence[str]) -> str:
    first, *rest = (f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
    return (f"{cells[0]:<{len(first)}}" + "".join(rest)).rstrip()


def _rate(outcome: Outcome, rounds: Rounds) -> str:
    """Images a second, or the time of a step or a call."""
    if outcome.contest.unit == "image":
        text = f"{outcome.rate(rounds):,.0f}/s"
    elif outcome.contest.unit == "step":
        text = f"{_short(1e6 / outcome.rate(rounds))} us"
    else:
        taken = statistics.median(rounds.seconds) / outcome.contest.units
        text = f"{_short(taken)} s" if taken >= 1 else f"{_short(1000 * taken)} ms"
    return f"{text} ±{spread(rounds.seconds):.0%}"


def _short(number: float) -> str:
    """Three digits or so."""
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
