"""Bars: y by x, series side by side, with a whisker over the seeds."""

import math

import numpy as np

from genlab.report.drawing.catalogue import figure_kind
from genlab.report.drawing.lines import over_seeds
from genlab.report.drawing.style import Panel, column_label, name_places, value_label

GROUP_WIDTH = 0.8


@figure_kind(dashes=False, published=True)
def draw_bars(panel: Panel) -> None:
    """A bar at the mean over seeds for each x and series, a whisker from the smallest to the largest seed."""
    axes, figure, prepared = panel.axes, panel.figure, panel.prepared
    means = over_seeds(prepared.values(panel.y), ("line", "x"))
    panel.note_dropped(means["mean"].tolist(), figure.y_scale)
    if figure.y_scale == "log":
        means = means[means["mean"] > 0]
    panel.record_means(means, "x")
    lines = len(prepared.lines)
    width = GROUP_WIDTH / max(lines, 1)
    for line, rows in means.groupby("line"):
        index = int(str(line))
        mean = rows["mean"].to_numpy()
        places = rows["x"].to_numpy() + (index - (lines - 1) / 2) * width
        axes.bar(places, mean, 0.94 * width, color=panel.colour(index), label=panel.line_label(index))
        if rows["seeds"].max() > 1:
            reach = np.stack([mean - rows["low"].to_numpy(), rows["high"].to_numpy() - mean])
            axes.errorbar(places, mean, yerr=reach, fmt="none", ecolor="0.2", elinewidth=1, capsize=2)
    if figure.y_scale == "log" and len(means):
        # Bars on a log axis have no zero to stand on; a power of ten is a floor that does not hide the smallest.
        axes.set_ylim(bottom=10 ** math.floor(math.log10(0.999 * means["low"][means["low"] > 0].min())))
    panel.place_y()
    name_places(axes, [value_label(figure, x) for x in prepared.xs])
    axes.grid(visible=False, axis="x")
    axes.set_xlabel(column_label(figure, figure.x) if figure.x else "")
    seeds = int(means["seeds"].max()) if len(means) else 0
    if seeds > 1:
        panel.notes.append(f"Bars: means over {seeds} seeds; whiskers: smallest to largest seed.")
