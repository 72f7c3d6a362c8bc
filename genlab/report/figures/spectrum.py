"""Spectra: the values of y in falling order, by rank, on log axes."""

from typing import Any

import pandas as pd

from genlab.report.drawing.catalogue import figure_kind
from genlab.report.drawing.lines import over_seeds
from genlab.report.drawing.style import Panel


@figure_kind()
def draw_spectrum(panel: Panel) -> None:
    """A line a series: each run's values in falling order against their rank (1 is the largest), averaged over seeds.

    The band goes from the smallest to the largest seed at each rank, and a line ends where the first of its runs has no
    more values. Both axes are logarithmic unless the config gives `x_scale` or `y_scale`.
    """
    axes, figure = panel.axes, panel.figure
    x_scale = figure.x_scale if "x_scale" in figure.model_fields_set else "log"
    y_scale = figure.y_scale if "y_scale" in figure.model_fields_set else "log"
    rows = panel.prepared.values(panel.y)
    rows["rank"] = rows.groupby(["line", "run"])["value"].rank(method="first", ascending=False).astype(int)
    shared = rows.groupby(["line", "run"])["rank"].max().groupby("line").min()
    rows = rows[rows["rank"] <= rows["line"].map(shared)]
    spectra = over_seeds(rows, ("line", "rank"))
    panel.record_means(spectra, "rank")
    panel.note_dropped(spectra["mean"].tolist(), y_scale)
    most = 1
    for line, values in spectra.groupby("line"):
        index = int(str(line))
        drawn = values[values["mean"] > 0] if y_scale == "log" else values
        axes.plot(drawn["rank"], drawn["mean"], label=panel.line_label(index), **_style(panel, index, drawn))
        most = max(most, int(values["seeds"].max()))
        if values["seeds"].max() > 1:
            axes.fill_between(
                drawn["rank"], drawn["low"], drawn["high"], color=panel.colour(index), alpha=0.18, linewidth=0
            )
    axes.set_xscale(x_scale)
    panel.place_y(y_scale)
    axes.set_xlabel("rank")
    if most > 1:
        panel.notes.append(f"Lines: means over {most} seeds; bands: smallest to largest seed.")


def _style(panel: Panel, index: int, drawn: pd.DataFrame) -> dict[str, Any]:
    marker = panel.marker(index) if len(drawn) <= 25 else ""
    return {
        "color": panel.colour(index),
        "marker": marker,
        "markersize": 4,
        "linewidth": 1.5,
        "linestyle": panel.dashes(index),
    }
