"""Scatter: y against x, a marker a run, with Kendall's tau."""

from genlab.report.figures.style import SMALL, Panel
from genlab.statistics.kendall import kendall_tau_b


def draw_scatter(panel: Panel) -> None:
    """A marker a row, coloured by series, and Kendall's tau-b over all of them, all seeds together."""
    axes, prepared = panel.axes, panel.prepared
    rows = prepared.values(panel.y)
    for index in sorted(rows["line"].unique()):
        own = rows[rows["line"] == index]
        axes.plot(
            own["place"],
            own["value"],
            color=panel.colour(index),
            marker=panel.marker(index),
            markersize=5,
            linestyle="",
            alpha=0.8,
            markeredgewidth=0,
            label=panel.line_label(index),
        )
    if prepared.numeric and len(rows) > 1:
        tau = kendall_tau_b(rows["place"], rows["value"])
        told = f"τ = {tau:.2f}" if tau is not None else "τ undefined: all equal"
        axes.text(
            0.98, 1.0, f"{told}, n = {len(rows)}", transform=axes.transAxes, ha="right", va="bottom", fontsize=SMALL
        )
    panel.place_x()
    panel.place_y()
    panel.note_dropped(rows["value"].tolist(), panel.figure.y_scale)
    panel.note_dropped(rows["place"].tolist(), panel.figure.x_scale)
    panel.notes.append("A marker a run; τ: Kendall's tau-b over all runs shown.")
