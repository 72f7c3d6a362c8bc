"""Words broken into lines that are no wider than their room, measured in the figure's own letters."""

import functools
import re
from collections.abc import Iterator

from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

POINTS_AN_INCH = 72
# What letters that are set to whole pixels take more than their outlines.
HINTING = 1.05

# What is not broken: a formula with what touches it, or a word.
_PIECES = re.compile(r"(?:\\\$|\$[^$]*\$|[^\s$])+")


@functools.lru_cache(maxsize=4096)
def inches_of(words: str, size: float) -> float:
    """How wide a line is, formulas included.

    Args:
        size: of the letters, in points.
    """
    formula = bool(is_math_text(words))
    said = words if formula else words.replace(r"\$", "$")
    width, _, _ = text_to_path.get_text_width_height_descent(said, FontProperties(size=size), formula)
    return float(width) / POINTS_AN_INCH * HINTING


def wrapped(words: str, inches: float, size: float) -> str:
    """Words in lines that are no wider than said; a word that is wider by itself is broken within, a formula is not."""
    lines: list[str] = []
    for piece in (part for word in _PIECES.findall(words) for part in _parts(word, inches, size)):
        longer = f"{lines[-1]} {piece}" if lines else piece
        if lines and inches_of(longer, size) <= inches:
            lines[-1] = longer
        else:
            lines.append(piece)
    return "\n".join(lines)


def _parts(word: str, inches: float, size: float) -> Iterator[str]:
    while len(word) > 1 and not is_math_text(word) and inches_of(word, size) > inches:
        fits = next((n for n in range(len(word) - 1, 1, -1) if inches_of(word[:n], size) <= inches), 1)
        # Names of columns and options are broken between their words where there is a place.
        end = max((match.end() for match in re.finditer(r"[_.,=\[/-]", word[:fits])), default=fits)
        yield word[:end]
        word = word[end:]
    yield word
