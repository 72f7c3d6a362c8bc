"""In which unit an effect is: those on errors are parts of the images, which people read in percentage points."""

import re
from typing import Literal

from genlab.config.schema.claim import Claim, CorrelationClaim, CrossingClaim, RatioClaim

# Parts of the images, a bare number, or whatever the column is in.
Unit = Literal["0..1", "1", ""]

_ERROR = re.compile(r"(^|\.)((best_)?(train|test|validation)_)?error(_clean|_corrupted)?$|^derived\..*error")


def is_error(column: str) -> bool:
    """Whether a column is a fraction of wrong answers, which people read in percent."""
    return _ERROR.search(column) is not None


def unit_of(claim: Claim) -> Unit:
    """The unit of a claim's effect: that of its column, or of what it goes along where the effect is a place there."""
    if isinstance(claim, RatioClaim | CorrelationClaim):
        return "1"
    of = claim.along if isinstance(claim, CrossingClaim) else claim.column
    return "0..1" if of is not None and is_error(of) else ""


def worded(*numbers: float, unit: Unit) -> str:
    """A number in a unit with four significant digits, or two as the ends of an interval: 0.0104 is 1.04 points."""
    if unit != "0..1":
        return " to ".join(f"{number:.4g}" for number in numbers)
    one = len(numbers) == 1 and f"{100 * numbers[0]:.4g}" in ("1", "-1")
    return " to ".join(f"{100 * number:.4g}" for number in numbers) + (" point" if one else " points")
