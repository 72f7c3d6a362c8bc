"""Figures as files and as text to embed."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from genlab.claims.published import Published
from genlab.config.schema.figure import FigureConfig
from genlab.report.drawing.draw import draw
from genlab.rundir.atomic import replacing

DOTS_PER_INCH = 130
FORMATS = ("png", "pdf")


def write_figures(
    figures: Sequence[FigureConfig],
    folder: Path,
    table: Callable[[str], pd.DataFrame],
    axes: Sequence[str],
    published: Published | None = None,
) -> dict[str, Figure]:
    """Draw every figure and write `<folder>/<name>.png` and `<name>.pdf`, each atomically.

    No time is written into the files, so that the same numbers make the same files.

    Returns:
        The figures by name, to embed.

    Raises:
        GenlabError: a file cannot be written.
    """
    drawn = {figure.name: draw(figure, table, axes, published) for figure in figures}
    for name, figure in drawn.items():
        save(figure, folder, name)
    return drawn


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write `<folder>/<name>.png` and `<name>.pdf`, each atomically and without a time.

    Raises:
        GenlabError: a file cannot be written.
    """
    for ending in FORMATS:
        metadata = {"CreationDate": None} if ending == "pdf" else {"Software": None}
        # Not straight into the file: where that cannot be written, matplotlib stumbles over its own half of a PDF.
        buffer = io.BytesIO()
        figure.savefig(buffer, format=ending, dpi=DOTS_PER_INCH, metadata=metadata)
        with replacing(folder / f"{name}.{ending}") as temporary:
            temporary.write_bytes(buffer.getvalue())


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
