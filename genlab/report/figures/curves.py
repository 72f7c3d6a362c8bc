"""Curves: the mean over seeds along x, with a band, a line a series."""

from typing import Any

import numpy as np

from genlab.report.drawing.catalogue import figure_kind
from genlab.report.drawing.lines import over_seeds
from genlab.report.drawing.style import Panel

MOST_MARKERS = 25


@figure_kind(numbers_along_x=True)
def draw_curves(panel: Panel) -> None:
    """A line a series through the means over seeds, a band from the smallest to the largest seed.

    Where fewer seeds have a value than elsewhere on the line (runs that stopped early, values that could not be
    computed) the line is dotted and its markers are hollow: that mean is of other runs than its neighbours'.
    """
    means = over_seeds(panel.prepared.values(panel.y), ("line", "place"))
    panel.record_means(means, "place")
    most, fewer = 1, False
    for line, rows in means.groupby("line"):
        index = int(str(line))
        x, mean = rows["place"].to_numpy(), rows["mean"].to_numpy()
        seeds = rows["seeds"].to_numpy()
        complete = seeds == seeds.max()
        most, fewer = max(most, int(seeds.max())), fewer or not complete.all()
        marker = panel.marker(index) if len(x) <= MOST_MARKERS else ""
        style: dict[str, Any] = {
            "color": panel.colour(index),
            "marker": marker,
            "markersize": 4.5,
            "linewidth": 1.5,
            "linestyle": panel.dashes(index),
        }
        if not complete.all():
            dotted = style | {"linestyle": ":", "markerfacecolor": "white"}
            panel.axes.plot(x, mean, label="_fewer", **dotted)
        panel.axes.plot(x, np.where(complete, mean, np.nan), label=panel.line_label(index), **style)
        if seeds.max() > 1:
            panel.axes.fill_between(x, rows["low"], rows["high"], color=panel.colour(index), alpha=0.18, linewidth=0)
    panel.place_x()
    panel.place_y()
    panel.note_dropped(means["mean"].tolist(), panel.figure.y_scale)
    panel.note_dropped(means["place"].tolist(), panel.figure.x_scale)
    if most > 1:
        panel.notes.append(f"Lines: means over {most} seeds; bands: smallest to largest seed.")
    if fewer:
        panel.notes.append("Dotted, hollow: fewer seeds have a value there.")
