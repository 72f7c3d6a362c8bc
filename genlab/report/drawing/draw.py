"""A figure of a sweep from its config: kind, panels, titles, legend, and the words on how it was drawn."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from genlab.claims.published import Published
from genlab.config.schema.figure import FigureConfig
from genlab.errors import GenlabError
from genlab.report.drawing.catalogue import Kind
from genlab.report.drawing.lines import Prepared, prepare, with_the_same_lines
from genlab.report.drawing.style import GREY, NO_VALUES, SIZE, SMALL, Panel, column_label, dress, text
from genlab.report.drawing.wrapping import inches_of, wrapped
from genlab.report.figures import KINDS

LONE_PANEL_INCHES = (5.4, 3.5)
TITLE_INCHES = 0.23  # a line of the title of the whole
NOTE_INCHES = 0.15  # a line of notes
NOTE_SIZE = SMALL - 0.5
LEGEND_INCHES = 0.2  # a row of the legend
HANDLE_INCHES = 0.36  # the line before a name, with the gap between them
GAP_INCHES = 0.25  # between columns of the legend
EDGE_INCHES = 0.1  # on either side, that letters keep from the edge
PART_OF_PANEL = 0.8  # that the name of an axis may be as long as; the rest is taken by the other axis


@dataclass(frozen=True)
class Drawing:
    """A figure and the numbers in it.

    Attributes:
        canvas: a figure that is in no global list.
        numbers: a row a point, bar, cell or marker, as `Panel.record` has them.
    """

    canvas: Figure
    numbers: list[dict[str, Any]]


def draw(
    figure: FigureConfig,
    table: Callable[[str], pd.DataFrame],
    axes: Sequence[str],
    published: Published | None = None,
    said: Sequence[str] = (),
) -> Figure:
    """The figure of `draw_with_numbers` alone."""
    return draw_with_numbers(figure, table, axes, published, said).canvas


def draw_with_numbers(
    figure: FigureConfig,
    table: Callable[[str], pd.DataFrame],
    axes: Sequence[str],
    published: Published | None = None,
    said: Sequence[str] = (),
) -> Drawing:
    """Draw one figure; below its panels those of what the paper published of the same columns, on axes of their own.

    Args:
        table: gives a long table by name; every row has `id`, `status`, the dotted config columns and its own columns.
        axes: dotted keys that the cells of the sweep differ in, without the seed.
        published: the paper's own curves.
        said: sentences for below the figure, before those on how it was drawn.

    Returns:
        A figure that says "no values yet" where there are none, and what is drawn in it as numbers.
    """
    kind = kind_of(figure)
    prepared = _prepared(figure, kind, table(figure.table), axes)
    beside = None if published is None else _published(figure, kind, published, axes)
    if beside is not None:
        prepared, beside = with_the_same_lines(prepared, beside)
    below = [] if beside is None else [y for y in figure.y if len(beside.values(y))]
    rows, columns = arrangement(figure)
    more = math.ceil(len(below) / columns)
    width, height = panel_inches(figure)
    canvas = Figure(figsize=(width * columns, height * (rows + more)), layout="constrained")
    places = list(canvas.subplots(rows + more, columns, squeeze=False).flat)
    notes = list(said)
    numbers: list[dict[str, Any]] = []
    measured, others = places[: rows * columns], places[rows * columns :]
    for y, place in zip(figure.y, measured, strict=False):
        panel = Panel(place, figure, kind, prepared, y, notes, numbers)
        _draw_panel(panel, (width, height), alone=len(figure.y) == 1)
    if published is not None and beside is not None:
        for y, place in zip(below, others, strict=False):
            called = "published in other units" if y in published.other_units else "published"
            panel = Panel(place, figure, kind, beside, y, notes, numbers, source="published")
            _draw_panel(panel, (width, height), published=called)
    for place in (*measured[len(figure.y) :], *others[len(below) :]):
        place.set_visible(False)
    taller = max(_more_height(place, canvas.dpi) for place in places)
    canvas.set_figheight(canvas.get_figheight() + (rows + more) * taller)
    if figure.title:
        title = wrapped(text(figure.title), width * columns - 2 * EDGE_INCHES, SIZE + 2)
        canvas.suptitle(title, fontsize=SIZE + 2)
        canvas.set_figheight(canvas.get_figheight() + 0.07 + TITLE_INCHES * (title.count("\n") + 1))
    if prepared.unfinished:
        runs = "run is" if prepared.unfinished == 1 else "runs are"
        notes.append(f"{prepared.unfinished} {runs} not finished and left out.")
    if below:
        notes.append("Panels called published: the paper's own curves, on axes of their own.")
    _finish(canvas, figure, list(dict.fromkeys(notes)))
    _fit(canvas, places, columns, width)
    return Drawing(canvas, numbers)


def _prepared(figure: FigureConfig, kind: Kind, table: pd.DataFrame, axes: Sequence[str]) -> Prepared:
    return prepare(
        figure,
        table,
        axes,
        numbers_along_x=kind.numbers_along_x,
        measured_x=kind.measured_x,
        lines_by_other_axes=kind.lines_by_other_axes,
    )


def _published(figure: FigureConfig, kind: Kind, published: Published, axes: Sequence[str]) -> Prepared | None:
    """What is published of a figure's columns, for the kinds that show it; None where nothing is."""
    rows = published.about(figure.table, figure.x, figure.series)(figure.table)
    if not kind.published or rows.empty:
        return None
    found = _prepared(figure, kind, rows, axes)
    return found if any(len(found.values(y)) for y in figure.y) else None


def _draw_panel(panel: Panel, inches: tuple[float, float], *, alone: bool = False, published: str = "") -> None:
    """Draw one panel.

    Args:
        inches: its width and height with its labels.
    """
    dress(panel.axes)
    _name(panel, alone=alone, published=published)
    if len(panel.prepared.values(panel.y)):
        panel.kind.draw(panel)
        for label, room in zip((panel.axes.xaxis.label, panel.axes.yaxis.label), inches, strict=True):
            label.set(fontsize=SIZE, text=wrapped(label.get_text(), PART_OF_PANEL * room, SIZE))
        _title(panel, inches[0])
    else:
        _title(panel, inches[0])
        _say_empty(panel)


def kind_of(figure: FigureConfig) -> Kind:
    """The kind of a figure.

    Raises:
        GenlabError: sweep files may ask for the kind, and no file draws it.
    """
    if figure.kind not in KINDS:
        raise GenlabError(f"figure {figure.name}: there is no file report/figures/{figure.kind}.py to draw it")
    return KINDS[figure.kind]


def arrangement(figure: FigureConfig) -> tuple[int, int]:
    """Rows and columns of panels."""
    columns = min(len(figure.y), figure.panels_per_row)
    return math.ceil(len(figure.y) / columns), columns


def panel_inches(figure: FigureConfig) -> tuple[float, float]:
    """Width and height of a panel with its labels, at the size in which letters are SIZE points high."""
    return LONE_PANEL_INCHES if len(figure.y) == 1 else kind_of(figure).panel_inches


def _name(panel: Panel, *, alone: bool, published: str) -> None:
    """The name of the column above a panel among several and beside one by itself, unless its kind says otherwise."""
    label = column_label(panel.figure, panel.y)
    if panel.kind.column == "drawn":
        return
    if alone and panel.kind.column == "beside":
        panel.axes.set_ylabel(label, fontsize=SIZE)
        return
    panel.axes.set_title(f"{label}, {published}" if published else label, fontsize=SIZE)


def _title(panel: Panel, inches: float) -> None:
    """The title in lines, what it says of its source in one of its own where it does not fit."""
    room = inches - 2 * EDGE_INCHES
    title, *below = panel.axes.get_title().split("\n")
    name, comma, source = title.rpartition(", published")
    lines = [title]
    if comma and inches_of(title, SIZE) > room:
        lines = [f"{name},", f"published{source}"]
    panel.axes.set_title("\n".join(wrapped(line, room, SIZE) for line in (*lines, *below)), fontsize=SIZE)


def _more_height(axes: Axes, dots: float) -> float:
    """Inches that the names on an axis and above it take beyond a line each, so that panels keep their size."""
    names = [label for label in axes.get_xticklabels() if label.get_text()] if axes.get_visible() else []
    ticks = max((label.get_window_extent().height / dots for label in names), default=0.0)
    lines = axes.get_title().count("\n") + axes.get_xlabel().count("\n")
    return max(0.0, ticks - LEGEND_INCHES) + NOTE_INCHES * lines


def _fit(canvas: Figure, places: Sequence[Axes], columns: int, width: float) -> None:
    """Break names anew that are longer than the room about the axes, now that it is known how large those are.

    Args:
        columns: of panels.
        width: of a panel, in inches.
    """
    canvas.draw_without_rendering()
    for number, axes in enumerate(places):
        if not axes.get_visible():
            continue
        box = axes.get_position()
        centre = (box.x0 + box.x1) / 2 * canvas.get_figwidth() - width * (number % columns)
        across = 2 * (min(centre, width - centre) - EDGE_INCHES / 2)
        up = 1.15 * box.height * canvas.get_figheight()
        for label, room in ((axes.title, across), (axes.xaxis.label, across), (axes.yaxis.label, up)):
            lines = label.get_text().split("\n")
            if any(inches_of(line, SIZE) > room for line in lines):
                # The lines of a title say different things.
                parts = lines if label is axes.title else [" ".join(lines)]
                label.set_text("\n".join(wrapped(part, max(room, 0.5), SIZE) for part in parts))


def _say_empty(panel: Panel) -> None:
    panel.axes.set(xticks=[], yticks=[])
    panel.axes.grid(visible=False)
    panel.axes.text(0.5, 0.5, NO_VALUES, transform=panel.axes.transAxes, ha="center", va="center", color=GREY)


def _finish(canvas: Figure, figure: FigureConfig, notes: list[str]) -> None:
    """The legend and, below it, the notes, each in room of its own so that panels keep their size."""
    room = canvas.get_figwidth() - 2 * EDGE_INCHES
    said = wrapped(" ".join(notes), room, NOTE_SIZE)
    strip = NOTE_INCHES * (said.count("\n") + 1) + 0.08 if said else 0.0
    handles = _handles(canvas)
    if not any(handles):
        handles = {}
    names = [wrapped(name, room - HANDLE_INCHES, SIZE) for name in handles]
    columns = _legend_columns(names, room)
    title = column_label(figure, figure.series) if figure.series and _bare_values(list(handles)) else None
    lines = [sum(name.count("\n") + 1 for name in part) for part in np.array_split(names, columns)] if names else [0]
    legend = LEGEND_INCHES * (max(lines) + bool(title and names))
    height = canvas.get_figheight() + legend + strip
    canvas.set_figheight(height)
    below = (legend + strip) / height
    engine = canvas.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, below, 1, 1 - below))
    if said:
        canvas.text(0.5, strip / height / 2, said, ha="center", va="center", fontsize=NOTE_SIZE, color=GREY)
    if handles:
        canvas.legend(
            list(handles.values()),
            names,
            loc="lower center",
            bbox_to_anchor=(0.5, strip / height),
            borderaxespad=0,
            borderpad=0,
            ncols=columns,
            frameon=False,
            fontsize=SIZE,
            title=wrapped(title, room, SIZE) if title else None,
            title_fontsize=SIZE,
        )


def _legend_columns(names: Sequence[str], room: float) -> int:
    """As many columns as fit side by side."""
    widest = max((inches_of(line, SIZE) for name in names for line in name.split("\n")), default=0.0)
    return max(1, min(len(names), int((room + GAP_INCHES) / (widest + HANDLE_INCHES + GAP_INCHES))))


def _handles(canvas: Figure) -> dict[str, Artist]:
    """One artist for each name in any panel."""
    named: dict[str, Artist] = {}
    for axes in canvas.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    return named


def _bare_values(labels: Sequence[str]) -> bool:
    """Whether labels are numbers or the like, which say nothing without the name of their column."""
    return any(
        label.replace(".", "").replace("e-", "").isdigit() or label in ("true", "false", "none") for label in labels
    )
