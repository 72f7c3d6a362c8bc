"""Figures as files and as text to embed."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from genlab.claims.published import Published
from genlab.config.schema.figure import FigureConfig
from genlab.errors import UsageError
from genlab.report.drawing.draw import draw_with_numbers
from genlab.rundir.atomic import replacing
from genlab.rundir.tables import write_table

DOTS_PER_INCH = 130
FORMATS = ("png", "pdf")
ENDINGS = (".png", ".pdf", ".svg")
# Of the numbers in a figure; columns that none of its rows has are left out.
COLUMNS = ("panel", "source", "series", "x", "x_end", "mean", "low", "high", "n", "run")
ALWAYS = ("panel", "source", "series", "x", "mean")


def write_figures(
    figures: Sequence[FigureConfig],
    folder: Path,
    table: Callable[[str], pd.DataFrame],
    axes: Sequence[str],
    published: Published | None = None,
) -> dict[str, Figure]:
    """Draw every figure and write `<folder>/<name>.png`, `.pdf` and, of the numbers in it, `.csv`, each atomically.

    No time is written into the files, so that the same numbers make the same files.

    Returns:
        The figures by name, to embed.

    Raises:
        GenlabError: a file cannot be written.
    """
    drawn = {figure.name: draw_with_numbers(figure, table, axes, published) for figure in figures}
    for name, drawing in drawn.items():
        save(drawing.canvas, folder, name)
        known = {key for row in drawing.numbers for key in row}
        columns = [column for column in COLUMNS if column in ALWAYS or column in known]
        write_table(folder / f"{name}.csv", columns, drawing.numbers)
    return {name: drawing.canvas for name, drawing in drawn.items()}


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write `<folder>/<name>.png` and `<name>.pdf`, each atomically and without a time.

    Raises:
        GenlabError: a file cannot be written.
    """
    for ending in FORMATS:
        save_as(figure, folder / f"{name}.{ending}")


def save_as(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the path ends with, of `ENDINGS`, atomically and without a time.

    Raises:
        GenlabError: the file cannot be written.
    """
    ending = path.suffix.lower().removeprefix(".")
    if ending == "svg":
        content = svg(figure).encode()
    else:
        metadata = {"CreationDate": None} if ending == "pdf" else {"Software": None}
        # Not straight into the file: where that cannot be written, matplotlib stumbles over its own half of a PDF.
        buffer = io.BytesIO()
        figure.savefig(buffer, format=ending, dpi=DOTS_PER_INCH, metadata=metadata)
        content = buffer.getvalue()
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def figure_path(output: Path | None, name: str) -> Path:
    """Where a figure goes: a file as it is named, or one of a name of its own in a folder or the current directory.

    Raises:
        UsageError: the file ends with no format that there is.
    """
    if output is None or output.is_dir():
        return (output or Path()) / f"{name}.{FORMATS[0]}"
    if output.suffix.lower() not in ENDINGS:
        raise UsageError(f"{output}: ends with none of {', '.join(ENDINGS)}, and is no folder")
    return output


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def svg(figure: Figure) -> str:
    """The figure as an SVG document, with text as outlines so that it looks the same everywhere."""
    buffer = io.StringIO()
    # The salt takes the place of random names inside the document.
    with mpl.rc_context({"svg.hashsalt": "genlab", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
