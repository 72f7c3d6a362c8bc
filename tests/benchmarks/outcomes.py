"""What the rounds say: ratios of neighbours in time, their median, and an interval for it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks.contests import Contest, Rounds

RESAMPLES = 4000


@dataclass(frozen=True)
class Outcome:
    """One way against the usual one."""

    contest: Contest
    name: str
    usual: Rounds
    other: Rounds

    @property
    def ratios(self) -> list[float]:
        """How many times faster than the usual way by the clock, for each pair of rounds."""
        return [usual / other for usual, other in zip(self.usual.seconds, self.other.seconds, strict=True)]

    @property
    def ratio(self) -> float:
        """Median of `ratios`."""
        return statistics.median(self.ratios)

    @property
    def cpu_ratio(self) -> float:
        """How many times less processor time than the usual way with its workers, in the median."""
        pairs = zip(self.usual.cpu_seconds, self.other.cpu_seconds, strict=True)
        return statistics.median(usual / other for usual, other in pairs)

    @property
    def interval(self) -> tuple[float, float]:
        """A 95 % interval of `ratio`, by the bootstrap: percentiles of the medians of resampled pairs."""
        generator = np.random.default_rng(0)
        draws = generator.choice(np.asarray(self.ratios), (RESAMPLES, len(self.ratios)))
        low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
        return float(low), float(high)

    @property
    def gflops(self) -> float | None:
        """10^9 floating-point operations a second of this way, in the median."""
        flops = self.other.facts.get("flops")
        return None if flops is None else flops * self.rate(self.other) / 1e9

    def rate(self, rounds: Rounds) -> float:
        """Units of work a second, in the median."""
        return self.contest.units / statistics.median(rounds.seconds)

    @property
    def note(self) -> str:
        """How the results compare, if the contest looks at them."""
        if self.contest.compare is None:
            return ""
        which = f"{self.contest.title}, {self.name}" if len(self.contest.others) > 1 else self.contest.title
        return f"{which}: {self.contest.compare(self.usual.result, self.other.result)}"

    def numbers(self, peak: dict[str, float]) -> dict[str, Any]:
        """Everything of this outcome, each round included, for a JSON file.

        Args:
            peak: 10^9 operations a second of a matrix product, by precision.
        """
        found: dict[str, Any] = {
            "title": self.contest.title,
            "way": self.name,
            "batch": self.contest.batch,
            "unit": self.contest.unit,
            "units_per_round": self.contest.units,
            "rounds": len(self.ratios),
            "ratio": self.ratio,
            "ratio_interval_95": list(self.interval),
            "cpu_ratio": self.cpu_ratio,
            "gflops": self.gflops,
            "part_of_peak": part_of_peak(self, peak),
            "note": self.note,
        }
        for name, rounds in (("usual", self.usual), ("other", self.other)):
            found[name] = {
                "units_per_second": self.rate(rounds),
                "relative_spread": spread(rounds.seconds),
                "seconds": rounds.seconds,
                "cpu_seconds": rounds.cpu_seconds,
                "peak_memory_bytes": rounds.peak_memory_bytes,
                **rounds.facts,
            }
        return found


def part_of_peak(outcome: Outcome, peak: dict[str, float]) -> float | None:
    """The way's rate as a part of that of a matrix product of its precision, on as many cores as it uses."""
    if outcome.gflops is None:
        return None
    facts = outcome.other.facts
    return outcome.gflops / (peak[facts["precision"]] * facts["threads"])


def spread(values: Sequence[float]) -> float:
    """Half the distance between the quartiles, relative to the median."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return float((high - low) / 2 / middle)
