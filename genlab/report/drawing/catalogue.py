"""The @figure_kind decorator: how panels of a kind are drawn, how large they are, and what stands where on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from genlab.report.drawing.style import Panel

Draw = Callable[["Panel"], None]
PANEL_INCHES = (2.9, 2.5)


@dataclass(frozen=True)
class Kind:
    """A registered kind of figure.

    Attributes:
        name: as sweep files spell it, which is that of its file.
        draw: puts the values of one panel on its axes; it is called only where there are some.
        panel_inches: width and height of a panel among several, with its labels.
        column: where the name of the panel's column stands: beside the panel where it is the only one and else above
            it, always above it, or where `draw` itself writes it.
        numbers_along_x: whether rows without a value of x have no place; else "none" is a group like others.
        lines_by_other_axes: whether the values of axes of the sweep that are neither x nor series are lines of their
            own; else every run counts by itself, or they are averaged and the figure says so.
        dashes: whether lines of one series may share its colour, told apart by dashes.
        measured_x: whether x is measured, and so another number in each run: then runs of one line need not meet at any
            x, and an axis of the sweep tells lines apart wherever it varies within a series.
        published: whether what is published of the same columns has panels of its own below.
    """

    name: str
    draw: Draw
    panel_inches: tuple[float, float]
    column: Literal["beside", "above", "drawn"]
    numbers_along_x: bool
    lines_by_other_axes: bool
    dashes: bool
    measured_x: bool
    published: bool


# Filled as the files of `report/figures/` are imported.
KINDS: dict[str, Kind] = {}


def figure_kind(
    *,
    panel_inches: tuple[float, float] = PANEL_INCHES,
    column: Literal["beside", "above", "drawn"] = "beside",
    numbers_along_x: bool = False,
    lines_by_other_axes: bool = True,
    dashes: bool = True,
    measured_x: bool = False,
    published: bool = False,
) -> Callable[[Draw], Draw]:
    """Register a function as the kind of figure that its file is named after; arguments are those of `Kind`.

    Raises:
        ValueError: at import, when a file registers two kinds.
    """

    def register(draw: Draw) -> Draw:
        name = draw.__module__.rpartition(".")[2]
        if name in KINDS:
            raise ValueError(f"{draw.__module__} has two kinds of figure; a kind is a file")
        shape = (panel_inches, column, numbers_along_x, lines_by_other_axes, dashes, measured_x)
        KINDS[name] = Kind(name, draw, *shape, published=published or numbers_along_x)
        return draw

    return register
