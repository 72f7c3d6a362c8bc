"""A figure of a sweep from its config: kind, panels, titles, legend, and the words on how it was drawn."""

import math
import textwrap
from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from genlab.claims.published import Published
from genlab.config.schema.figure import FigureConfig
from genlab.errors import GenlabError
from genlab.report.drawing.catalogue import Kind
from genlab.report.drawing.lines import Prepared, prepare
from genlab.report.drawing.style import GREY, NO_VALUES, SIZE, SMALL, Panel, column_label, dress, text
from genlab.report.figures import KINDS

LONE_PANEL_INCHES = (5.4, 3.5)
TITLE_CHARACTERS = 34
NOTE_INCHES = 0.15  # a line of notes
NOTE_CHARACTERS = 16  # of a note in an inch
LEGEND_INCHES = 0.2  # a row of the legend
LEGEND_CHARACTERS = 13  # of a legend in an inch
LEGEND_HANDLE = 8  # characters as wide as the line before a name and the gap after it


def draw(
    figure: FigureConfig,
    table: Callable[[str], pd.DataFrame],
    axes: Sequence[str],
    published: Published | None = None,
    said: Sequence[str] = (),
) -> Figure:
    """Draw one figure; below its panels those of what the paper published of the same columns, on axes of their own.

    Args:
        table: gives a long table by name; every row has `id`, `status`, the dotted config columns and its own columns.
        axes: dotted keys that the cells of the sweep differ in, without the seed.
        published: the paper's own curves.
        said: sentences for below the figure, before those on how it was drawn.

    Returns:
        A figure that is in no global list. One without any value says "no values yet".
    """
    kind = kind_of(figure)
    prepared = _prepared(figure, kind, table(figure.table), axes)
    beside = None if published is None else _published(figure, kind, published, axes)
    below = [] if beside is None else [y for y in figure.y if len(beside.values(y))]
    rows, columns = arrangement(figure)
    more = math.ceil(len(below) / columns)
    width, height = panel_inches(figure)
    canvas = Figure(figsize=(width * columns, height * (rows + more)), layout="constrained")
    places = list(canvas.subplots(rows + more, columns, squeeze=False).flat)
    notes = list(said)
    measured, others = places[: rows * columns], places[rows * columns :]
    for y, place in zip(figure.y, measured, strict=False):
        _draw_panel(Panel(place, figure, kind, prepared, y, notes), alone=len(figure.y) == 1)
    if published is not None and beside is not None:
        for y, place in zip(below, others, strict=False):
            called = "published in other units" if y in published.other_units else "published"
            _draw_panel(Panel(place, figure, kind, beside, y, notes), published=called)
    for place in (*measured[len(figure.y) :], *others[len(below) :]):
        place.set_visible(False)
    if figure.title:
        canvas.suptitle(text(figure.title), fontsize=SIZE + 2)
        canvas.set_figheight(canvas.get_figheight() + 0.3)
    if prepared.unfinished:
        runs = "run is" if prepared.unfinished == 1 else "runs are"
        notes.append(f"{prepared.unfinished} {runs} not finished and left out.")
    if below:
        notes.append("Panels called published: the paper's own curves, on axes of their own.")
    _finish(canvas, figure, list(dict.fromkeys(notes)))
    return canvas


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
    """What is published of a figure's columns, for the kinds that draw curves along numbers; None where nothing is."""
    rows = published.about(figure.x, figure.series)(figure.table)
    if not kind.numbers_along_x or rows.empty:
        return None
    found = _prepared(figure, kind, rows, axes)
    return found if any(len(found.values(y)) for y in figure.y) else None


def _draw_panel(panel: Panel, *, alone: bool = False, published: str = "") -> None:
    dress(panel.axes)
    _name(panel, alone=alone, published=published)
    if len(panel.prepared.values(panel.y)):
        panel.kind.draw(panel)
        panel.axes.xaxis.label.set_fontsize(SIZE)
        panel.axes.yaxis.label.set_fontsize(SIZE)
    else:
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
    title = textwrap.fill(label, TITLE_CHARACTERS)
    if published:
        fits = len(f"{title}, {published}") <= TITLE_CHARACTERS
        title = f"{title}, {published}" if fits else f"{title},\n{published}"
    panel.axes.set_title(title, fontsize=SIZE)


def _say_empty(panel: Panel) -> None:
    panel.axes.set(xticks=[], yticks=[])
    panel.axes.grid(visible=False)
    panel.axes.text(0.5, 0.5, NO_VALUES, transform=panel.axes.transAxes, ha="center", va="center", color=GREY)


def _finish(canvas: Figure, figure: FigureConfig, notes: list[str]) -> None:
    """The legend and, below it, the notes, each in room of its own so that panels keep their size."""
    width = canvas.get_figwidth()
    said = textwrap.fill(" ".join(notes), round(NOTE_CHARACTERS * width))
    strip = NOTE_INCHES * (said.count("\n") + 1) + 0.08 if said else 0.0
    handles = _handles(canvas)
    if not any(handles):
        handles = {}
    columns = max(
        1, min(len(handles), int(LEGEND_CHARACTERS * width) // (max(map(len, handles), default=0) + LEGEND_HANDLE))
    )
    title = column_label(figure, figure.series) if figure.series and _bare_values(list(handles)) else None
    entries = math.ceil(len(handles) / columns) + bool(title) if handles else 0
    legend = LEGEND_INCHES * entries
    height = canvas.get_figheight() + legend + strip
    canvas.set_figheight(height)
    below = (legend + strip) / height
    engine = canvas.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, below, 1, 1 - below))
    if said:
        canvas.text(0.5, strip / height / 2, said, ha="center", va="center", fontsize=SMALL - 0.5, color=GREY)
    if handles:
        canvas.legend(
            list(handles.values()),
            list(handles),
            loc="lower center",
            bbox_to_anchor=(0.5, strip / height),
            borderaxespad=0,
            borderpad=0,
            ncols=columns,
            frameon=False,
            fontsize=SIZE,
            title=title,
            title_fontsize=SIZE,
        )


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
