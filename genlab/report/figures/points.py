"""Points: a marker a run, grouped along x."""

import numpy as np

from genlab.report.drawing.catalogue import figure_kind
from genlab.report.drawing.lines import over_seeds
from genlab.report.drawing.style import Panel, column_label, name_places, value_label

GROUP_WIDTH = 0.7


@figure_kind(lines_by_other_axes=False)
def draw_points(panel: Panel) -> None:
    """Markers of all runs in groups along x, series side by side within a group, a dash at the mean of each.

    Groups stand at equal distances whatever their values. Without x each series is a group.
    """
    prepared, axes = panel.prepared, panel.axes
    by_series = panel.figure.x is None
    rows = prepared.values(panel.y)
    lines = len(prepared.lines)
    slot = GROUP_WIDTH / (1 if by_series else lines)
    for index in sorted(rows["line"].unique()):
        group = rows[rows["line"] == index].sort_values(["x", "seed"])
        places = group["line"] if by_series else group["x"]
        shift = 0.0 if by_series else (index - (lines - 1) / 2) * slot
        colour = panel.colour(index)
        axes.plot(
            places.to_numpy() + shift,
            group["value"].to_numpy(),
            color=colour,
            marker=panel.marker(index),
            markersize=5,
            linestyle="",
            alpha=0.75,
            markeredgewidth=0,
            label=None if by_series else panel.line_label(index),  # the names of groups stand below them
        )
        for row in group.to_dict("records"):
            x = None if by_series else panel.x_at(row["x"], counted=True)
            panel.record(index, x, row["value"], n=1, run=row["run"])
        means = over_seeds(group, ("line", "x"))
        centre = np.asarray(means["line"] if by_series else means["x"]) + shift
        axes.hlines(means["mean"], centre - 0.35 * slot, centre + 0.35 * slot, color=colour, linewidth=1.5)
    names = [line.series for line in prepared.lines] if by_series else prepared.xs
    column = panel.figure.series if by_series else panel.figure.x
    name_places(axes, [value_label(panel.figure, name) for name in names])
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_xlabel(column_label(panel.figure, column) if column else "")
    panel.place_y()
    panel.note_dropped(rows["value"].tolist(), panel.figure.y_scale)
    panel.notes.append("A marker a run; dashes: means.")
