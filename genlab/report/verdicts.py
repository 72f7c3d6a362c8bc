"""Checked claims in words, the same on the page and on the terminal."""

from collections.abc import Sequence

from genlab.claims.verdicts import Verdict, summary
from genlab.statistics.few_seeds import LEVEL

# From a verdict to the style it is shown in.
MARKS = {"holds": "holds", "fails": "fails", "cannot tell": "open"}


def mark(verdict: str) -> str:
    """The style of a verdict: holds, fails or open."""
    return MARKS.get(verdict, "open")


def tested(verdicts: Sequence[Verdict]) -> str:
    """How many claims were tested and what came of them, e.g. "5 claims were tested: 4 hold, 1 fails"."""
    said = summary(verdicts)
    return said.replace(":", " was tested:" if len(verdicts) == 1 else " were tested:", 1)


def effect_words(verdict: Verdict) -> str:
    """The effect with four significant digits; a dash where there is none."""
    return "–" if verdict.effect is None else number_words(verdict.effect)


def interval_words(verdict: Verdict) -> str:
    """The interval's ends; a dash where there is none."""
    if verdict.interval is None:
        return "–"
    low, high = verdict.interval
    return f"{number_words(low)} to {number_words(high)}"


def published_words(verdict: Verdict) -> str:
    """The published effect; a dash where there is none."""
    return "–" if verdict.published is None else number_words(verdict.published)


def chance_words(verdict: Verdict) -> tuple[str, str]:
    """The chance of what was seen without an effect, and that corrected for the claims beside it; a dash where none."""
    if verdict.chance is None:
        return "–", ""
    corrected = verdict.corrected
    if corrected is None:
        return _chance(verdict.chance), ""
    lost = ", above 5 %" if verdict.verdict == "holds" and corrected > LEVEL else ""
    return _chance(verdict.chance), f"{_chance(corrected)} corrected{lost}"


def _chance(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def number_words(number: float) -> str:
    """Four significant digits, with a true minus sign."""
    return f"{number:.4g}".replace("-", "\u2212")
