"""How figures look: colours apart for colour-blind readers, quiet axes, text in words."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.mathtext import MathTextParser
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from genlab.claims.units import is_error
from genlab.config.schema.figure import FigureConfig
from genlab.config.values import value_form
from genlab.report.drawing.catalogue import Kind
from genlab.report.drawing.lines import Line, Prepared
from genlab.report.drawing.wrapping import wrapped
from genlab.report.words import readable, shown

# Okabe and Ito's colours without yellow, which is faint on white. Markers repeat the difference without colour.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SIZE = 9
SMALL = 8
GREY = "0.35"
NO_VALUES = "no values yet"
MOST_TICKS = 7
# Columns between whose whole numbers there is nothing.
COUNTED = ("epoch", "step")
FEW_DECADES = 50
TICK_INCHES = 1.2  # that a line of a name on an axis may take
DASHES: tuple[Any, ...] = ("-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)))


@dataclass
class Panel:
    """One pair of axes and what belongs there.

    Attributes:
        axes: to draw on.
        figure: the figure's config.
        kind: of the figure.
        prepared: rows, lines and places along x, the same for all panels of a figure.
        y: the column of this panel.
        notes: sentences that the figure must say of how it was drawn; a kind adds to them.
        numbers: of all that is drawn in the figure; a kind adds to them by `record`.
        source: of the numbers: runs or published.
    """

    axes: Axes
    figure: FigureConfig
    kind: Kind
    prepared: Prepared
    y: str
    notes: list[str] = field(default_factory=list)
    numbers: list[dict[str, Any]] = field(default_factory=list)
    source: Literal["runs", "published"] = "runs"

    def record(self, line: int, x: Any, mean: Any, **more: Any) -> None:
        """Keep a number that is drawn, for those who want it as one.

        Args:
            line: of the panel, whose name in the legend is kept with it.
            x: where it stands along the axis.
            mean: the number itself, or the mean of several.
            more: `low` and `high`, `n` for how many seeds or values, `run` for a number that is of one, `x_end` for one
                that is of a stretch.
        """
        where = {"panel": self.y, "source": self.source, "series": self.line_label(line)}
        self.numbers.append(where | {"x": x, "mean": mean} | more)

    def record_means(self, means: pd.DataFrame, along: str) -> None:
        """Keep what `over_seeds` found.

        Args:
            along: the column that has x: `x`, which counts the values of the figure's x, `place`, or another number.
        """
        for row in means.to_dict("records"):
            x = self.x_at(row[along], counted=along == "x") if along in ("x", "place") else row[along]
            spread = {key: row[key] for key in ("low", "high")}
            self.record(int(row["line"]), x, row["mean"], **spread, n=int(row["seeds"]))

    def x_at(self, place: float, *, counted: bool) -> Any:
        """The value of x at a place along the axis, where words stand at 0, 1, 2 ...

        Args:
            counted: whether numbers stand there too.
        """
        if self.prepared.numeric and not counted:
            return place
        value = self.prepared.xs[int(place)]
        return value if isinstance(value, int | float) else shown(value)

    def colour(self, line: int) -> str:
        """The colour of a line, the same in every panel."""
        index, count = self._position(line, "series")
        return COLOURS[index] if count <= len(COLOURS) else to_hex(colormaps["viridis"](0.95 * index / (count - 1)))

    def marker(self, line: int) -> str:
        """The marker of a line; where series and another axis tell lines apart, that of the other axis."""
        return MARKERS[self._position(line, "rest")[0] % len(MARKERS)]

    def dashes(self, line: int) -> Any:
        """The line style: solid, unless series and another axis tell lines apart; then that of the other axis."""
        return DASHES[self._position(line, "rest")[0] % len(DASHES)] if self._crossed() else "-"

    def _position(self, line: int, part: Literal["series", "rest"]) -> tuple[int, int]:
        """The number of a line's part among the different ones, and their count."""
        lines = self.prepared.lines
        if not self._crossed():
            return line, len(lines)
        parts = list(dict.fromkeys(getattr(other, part) for other in lines))
        return parts.index(getattr(lines[line], part)), len(parts)

    def _crossed(self) -> bool:
        """Whether several series each have several lines; without dashes all get colours of their own."""
        series, rest = ({getattr(line, part) for line in self.prepared.lines} for part in ("series", "rest"))
        return self.kind.dashes and len(series) > 1 and len(rest) > 1

    def line_label(self, line: int) -> str:
        """What the legend says of a line; empty where there is nothing to tell apart."""
        return line_label(self.figure, self.prepared.lines[line])

    def place_x(self) -> None:
        """Scale, label and ticks of the horizontal axis: words at their places, and few numbers at their values."""
        figure, prepared, axis = self.figure, self.prepared, self.axes.xaxis
        self.axes.set_xlabel(column_label(figure, figure.x) if figure.x else "", fontsize=SIZE)
        if not prepared.numeric:
            name_places(self.axes, [value_label(figure, x) for x in prepared.xs])
            return
        if figure.x_scale != "linear":
            self.axes.set_xscale(figure.x_scale)
            places = [x for x in prepared.xs if isinstance(x, float) and (x > 0 or figure.x_scale == "symlog")]
            if len(places) <= MOST_TICKS:
                axis.set_major_locator(FixedLocator(places))
                axis.set_minor_locator(NullLocator())
                self.axes.set_xticks(places, [shown(x) for x in places])
            axis.set_minor_formatter(NullFormatter())
        elif figure.x in COUNTED:
            axis.set_major_locator(MaxNLocator("auto", integer=True))
        if figure.x and is_error(figure.x):
            in_percent(axis)

    def place_y(self, scale: str | None = None) -> None:
        """Scale of the vertical axis, and percent for errors."""
        scale = scale or self.figure.y_scale
        self.axes.set_yscale(scale)
        low, high = self.axes.get_ylim()
        if scale == "log" and high / low < FEW_DECADES:
            # Powers of ten alone would be one tick or none.
            self.axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low > 4 else range(1, 10)))
            self.axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
            self.axes.yaxis.set_minor_formatter(NullFormatter())
        if is_error(self.y):
            in_percent(self.axes.yaxis)

    def note_dropped(self, values: Sequence[float], scale: str) -> None:
        """Say so when a logarithmic axis cannot show a value."""
        if scale == "log" and any(value <= 0 for value in values):
            self.notes.append("Values of 0 and below have no place on a log axis.")


def in_percent(axis: Axis) -> None:
    """Tick labels in percent of numbers that are fractions."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}%"))


def name_places(axes: Axes, names: Sequence[str], first: float = 0.0) -> None:
    """Words at 0, 1, 2 ... along the horizontal axis, slanted where they would touch.

    Args:
        first: where the first one stands.
    """
    slanted = sum(map(len, names)) > 24
    axes.set_xticks([first + number for number in range(len(names))], [tick_name(name) for name in names])
    if slanted:
        axes.tick_params(axis="x", labelrotation=35)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


def tick_name(name: str) -> str:
    """The name of a place on an axis in lines that leave room for the panel."""
    return wrapped(name, TICK_INCHES, SMALL)


def dress(axes: Axes) -> None:
    """Quiet axes: no frame on two sides, a faint grid, small tick labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=SMALL, which="both")
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set_fontsize(SMALL)
    axes.grid(visible=True, color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)


def column_label(figure: FigureConfig, column: str) -> str:
    """What a column is called: the figure's own label, or the column in words."""
    return text(figure.labels[column]) if column in figure.labels else plain(readable(column))


def value_label(figure: FigureConfig, value: Hashable) -> str:
    """What a value is called: the figure's own label, or the value itself."""
    own = own_label(figure, value)
    return text(own) if own is not None else plain(shown(value)) or "none"


def own_label(figure: FigureConfig, value: Hashable) -> str | None:
    """The figure's label for a value; the keys 1, 1.0 and "1" all stand for the number."""
    for key, label in figure.labels.items():
        if key == value or value_form(key) == value:
            return label
        if isinstance(value, float) and _number(key) == value:
            return label
    return None


def line_label(figure: FigureConfig, line: Line) -> str:
    """Series and other axes of a line in words."""
    words = [value_label(figure, line.series)] if figure.series else []
    if figure.series and line.rest and own_label(figure, line.series) is None:
        words = [f"{column_label(figure, figure.series)} {words[0]}"]
    words += [
        value_label(figure, value) if own_label(figure, value) else f"{column_label(figure, axis)} {shown(value)}"
        for axis, value in line.rest
    ]
    return ", ".join(words)


def text(written: str) -> str:
    """Text of a sweep file: mathematics between dollar signs where it can be read as such, else as it stands.

    As in Markdown, no space stands inside the signs of a formula: "$5 or $6" are two prices.
    """
    parts = written.split("$")
    formulas = parts[1::2]
    if len(parts) % 2 == 0 or any(not formula or formula != formula.strip() for formula in formulas):
        return plain(written)
    try:
        MathTextParser("path").parse(written)
    except ValueError:
        return plain(written)
    return written


def plain(words: str) -> str:
    """Text in which a dollar sign is only that."""
    return words.replace("$", r"\$")


def _number(key: str) -> float | None:
    try:
        return float(key)
    except ValueError:
        return None
