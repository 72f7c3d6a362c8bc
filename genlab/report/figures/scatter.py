"""Scatter: y against x, a marker a run with Kendall's tau, or the curve of each run."""

from genlab.report.drawing.catalogue import figure_kind
from genlab.report.drawing.style import SIZE, SMALL, Panel
from genlab.statistics.kendall import kendall_tau_b


@figure_kind(numbers_along_x=True, lines_by_other_axes=False)
def draw_scatter(panel: Panel) -> None:
    """A marker a row, coloured by series, and Kendall's tau-b over all of them, all seeds together.

    Where the table has several rows a run they are a curve of it: its markers are joined, and there is no tau, which
    would say little but that the curves rise or fall.
    """
    axes, prepared = panel.axes, panel.prepared
    rows = prepared.values(panel.y)
    curves = bool(rows["run"].duplicated().any())
    for index in sorted(rows["line"].unique()):
        own = rows[rows["line"] == index]
        for row in own.to_dict("records"):
            panel.record(index, panel.x_at(row["place"], counted=False), row["value"], n=1, run=row["run"])
        groups = [curve.sort_values("place") for _, curve in own.groupby("run")] if curves else [own]
        for first, group in enumerate(groups):
            axes.plot(
                group["place"],
                group["value"],
                color=panel.colour(index),
                marker=panel.marker(index),
                markersize=3.5 if curves else 5,
                linestyle="-" if curves else "",
                linewidth=0.8,
                alpha=0.8,
                markeredgewidth=0,
                label=panel.line_label(index) if first == 0 else "_more",
            )
    if not curves and prepared.numeric and len(rows) > 1:
        tau = kendall_tau_b(rows["place"], rows["value"])
        told = f"τ = {tau:.2f}" if tau is not None else "τ undefined: all equal"
        told = f"{told}, n = {len(rows)}"
        if axes.get_title():  # in a line of its own, as a long title takes all of the first
            axes.set_title(f"{axes.get_title()}\n{told}", fontsize=SIZE)
        else:
            axes.text(0.98, 1.0, told, transform=axes.transAxes, ha="right", va="bottom", fontsize=SMALL)
    panel.place_x()
    panel.place_y()
    panel.note_dropped(rows["value"].tolist(), panel.figure.y_scale)
    panel.note_dropped(rows["place"].tolist(), panel.figure.x_scale)
    panel.notes.append("A line a run." if curves else "A marker a run; τ: Kendall's tau-b over all runs shown.")
