"""Tables as text for other programs: CSV with every digit, LaTeX for a paper, Markdown for a page."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from genlab.errors import visible

Rows = Sequence[Mapping[str, Any]]
LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # In the usual fonts these come out as other characters, and quotes and dashes join.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}
NUMBER = re.compile(r"(-?)([\d.]+)(?:e([+-]?\d+))?")


def csv_text(columns: Sequence[str], rows: Rows) -> str:
    """A header and a line a row, each value as it is; nothing where a row has none."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def latex_text(headers: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """A tabular of the package booktabs, with everything escaped that TeX would act upon; numbers are right-aligned."""
    lines = [r"\begin{tabular}{" + "".join("r" if right else "l" for right in numeric) + "}", r"\toprule"]
    lines += [_latex_line([_escaped(header) for header in headers]), r"\midrule"]
    for row in cells:
        pairs = zip(row, numeric, strict=True)
        lines.append(_latex_line([_latex_number(cell) if right else _escaped(cell) for cell, right in pairs]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def markdown_text(headers: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """A table of GitHub's Markdown, in which nothing within a cell is marked up; numbers are right-aligned."""
    lines = [_markdown_line(headers), "| " + " | ".join("---:" if right else "---" for right in numeric) + " |"]
    return "\n".join([*lines, *map(_markdown_line, cells)]) + "\n"


def shown(value: Any) -> str:
    """A cell for people: four significant digits, nothing for nothing, and nothing that a terminal would act upon."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return visible(str(value))


def _latex_line(cells: Sequence[str]) -> str:
    # A bracket after the end of a line would be read as its argument.
    line = " & ".join(cells)
    return ("{}" + line if line.startswith("[") else line) + r" \\"


def _escaped(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in text)


def _latex_number(text: str) -> str:
    """In mathematics where it has a sign or an exponent: a hyphen is no minus."""
    match = NUMBER.fullmatch(text)
    if match is None:
        return _escaped(text)
    sign, digits, exponent = match.groups()
    if exponent is None:
        return f"${text}$" if sign else text
    return rf"${sign}{digits} \times 10^{{{int(exponent)}}}$"


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_unmarked, cells)) + " |"


def _unmarked(text: str) -> str:
    text = re.sub(r"[\\`*<|~\[\]]", r"\\\g<0>", text)
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)  # within a word it marks nothing up
