"""What columns and values are called where people read them: figures, pages and the terminal."""

import math
import re
from typing import Any

from genlab.claims.units import is_error
from genlab.config.values import value_form

_SECTIONS = ("data", "model", "training", "final", "measure", "derived")


def readable(column: str) -> str:
    """A column in words: `final.test_error` is test error, `training.stop.epochs` stop epochs, `model.name` model."""
    column, bracket, options = column.partition("[")
    parts = column.split(".")
    if parts[-1] == "name" and len(parts) > 1:
        parts = parts[-2:-1]
    elif parts[0] in _SECTIONS and len(parts) > 1:
        parts = parts[1:]
    words = " ".join(parts).replace("_", " ")
    return re.sub(r"\bkl\b", "KL", words) + (f" [{options}" if bracket else "")


def shown(value: Any, *, percent: bool = False) -> str:
    """A value as people read it: four significant digits, whole numbers in full, nothing for a missing one.

    Args:
        value: of a table's cell; lists are written as 512, 256 and equal widths as 10×1000.
        percent: whether a number is a fraction to be written in percent.
    """
    value = value_form(value)
    if value is None:
        return ""
    if isinstance(value, tuple):
        words = [shown(item) for item in value]
        if len(words) > 2 and len(set(words)) == 1:
            return f"{len(words)}×{words[0]}"
        return ", ".join(words) or "[]"
    if not isinstance(value, float):
        return str(value)
    if percent:
        return f"{100 * value:.4g} %"
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def shown_in(column: str, value: Any) -> str:
    """A value of a column as people read it: of errors in percent."""
    return shown(value, percent=is_error(column))


def duration(seconds: float) -> str:
    """Seconds in the two largest of days, hours, minutes and seconds."""
    if not math.isfinite(seconds):
        return ""
    left, words = round(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"
