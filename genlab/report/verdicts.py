"""Checked claims in words, the same on the page and on the terminal."""

from collections.abc import Sequence

from genlab.claims.units import worded
from genlab.claims.verdicts import Verdict, summary
from genlab.statistics.few_seeds import LEVEL

# From a verdict to the style it is shown in.
MARKS = {"holds": "holds", "fails": "fails", "cannot tell": "open"}


def mark(verdict: str) -> str:
    """The style of a verdict: holds, fails or open."""
    return MARKS.get(verdict, "open")


def tested(verdicts: Sequence[Verdict]) -> str:
    """How many claims were tested and what came of them, e.g. "5 claims were tested: 4 hold, 1 fails".

    Where none can be told, nothing was tested, as before the first run.
    """
    said = summary(verdicts)
    if all(verdict.verdict == "cannot tell" for verdict in verdicts):
        return said
    return said.replace(":", " was tested:" if len(verdicts) == 1 else " were tested:", 1)


def effect_words(verdict: Verdict) -> str:
    """The effect with four significant digits, in points where it is one on errors; a dash where there is none."""
    return "–" if verdict.effect is None else _signed(worded(verdict.effect, unit=verdict.unit))


def interval_words(verdict: Verdict) -> str:
    """The interval's ends, in the unit of the effect that stands beside it; a dash where there is none."""
    if verdict.interval is None:
        return "–"
    return _signed(worded(*verdict.interval, unit=verdict.unit).removesuffix(" points"))


def published_words(verdict: Verdict) -> str:
    """The published effect, as the effect is told where it is in the same units; a dash where there is none."""
    unit = verdict.unit if verdict.published_units else ""
    return "–" if verdict.published is None else _signed(worded(verdict.published, unit=unit))


def smallest_words(verdict: Verdict) -> str:
    """The effect that would have been found, as the effect is told; a dash where there is none."""
    return "–" if verdict.smallest is None else _signed(worded(verdict.smallest, unit=verdict.unit))


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


def _signed(words: str) -> str:
    """With true minus signs."""
    return words.replace("-", "\u2212")
