"""Histograms: how the values of y are spread, a step line a series."""

import numpy as np

from genlab.claims.units import is_error
from genlab.report.drawing.catalogue import figure_kind
from genlab.report.drawing.style import Panel, column_label, in_percent

FEWEST_BINS, MOST_BINS = 10, 60


@figure_kind(column="drawn")
def draw_histogram(panel: Panel) -> None:
    """A step line a series over common bins: the part of the series' values in each bin, so that sizes do not matter.

    The horizontal axis is y itself (`x_scale` is its scale, with bins of equal width on that scale); the values of all
    seeds lie together.
    """
    axes, figure = panel.axes, panel.figure
    rows = panel.prepared.values(panel.y)
    values = rows["value"].to_numpy()
    panel.note_dropped(values.tolist(), figure.x_scale)
    logarithmic = figure.x_scale == "log"
    if logarithmic:
        rows = rows[rows["value"] > 0]
        values = np.log10(rows["value"].to_numpy())
    if len(values):
        edges = np.histogram_bin_edges(values, bins=_bins(values))
        for index in sorted(rows["line"].unique()):
            own = values[(rows["line"] == index).to_numpy()]
            counts, _ = np.histogram(own, edges)
            ends = 10**edges if logarithmic else edges
            for start, end, count in zip(ends[:-1].tolist(), ends[1:].tolist(), counts.tolist(), strict=True):
                panel.record(index, start, count / len(own), x_end=end, n=len(own))
            axes.stairs(
                counts / len(own),
                ends,
                color=panel.colour(index),
                linewidth=1.5,
                linestyle=panel.dashes(index),
                label=panel.line_label(index),
            )
    axes.set_xscale(figure.x_scale)
    axes.set_yscale(figure.y_scale)
    axes.set_xlabel(column_label(figure, panel.y))
    axes.set_ylabel("part of the values")
    if is_error(panel.y):
        in_percent(axes.xaxis)
    panel.notes.append("Values of all seeds together.")


def _bins(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> int:
    automatic = len(np.histogram_bin_edges(values, bins="sturges")) - 1
    return int(np.clip(max(automatic, round(np.sqrt(len(values)))), FEWEST_BINS, MOST_BINS))
