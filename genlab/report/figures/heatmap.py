"""Heat maps: y as colour over x and series."""

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import FuncFormatter

from genlab.claims.units import is_error
from genlab.report.drawing.catalogue import figure_kind
from genlab.report.drawing.lines import over_seeds
from genlab.report.drawing.style import SMALL, Panel, column_label, name_places, tick_name, value_label
from genlab.report.words import shown

MAP_INCHES = (3.7, 2.5)  # with room for a colour bar and the names of rows
MOST_NUMBERS = 80


@figure_kind(panel_inches=MAP_INCHES, column="above", lines_by_other_axes=False)
def draw_heatmap(panel: Panel) -> None:
    """A cell for each x (to the right) and series (upwards), coloured by the mean of y over seeds.

    Few cells show their numbers too; errors are in percent, which the title says for cells and colour bar alike.
    `y_scale: log` makes the colours logarithmic. Cells without a value stay white.
    """
    axes, figure, prepared = panel.axes, panel.figure, panel.prepared
    means = over_seeds(prepared.values(panel.y), ("line", "x"))
    grid = np.full((len(prepared.lines), len(prepared.xs)), np.nan)
    grid[means["line"], means["x"]] = means["mean"]
    panel.record_means(means, "x")
    panel.note_dropped(means["mean"].tolist(), figure.y_scale)
    logarithmic = figure.y_scale == "log"
    if logarithmic:
        grid[grid <= 0] = np.nan
    finite = grid[np.isfinite(grid)]
    norm: Normalize | None = None
    if len(finite):
        norm = (LogNorm if logarithmic else Normalize)(finite.min(), finite.max())
    mesh = axes.pcolormesh(np.ma.masked_invalid(grid), cmap="cividis", norm=norm)
    bar = axes.figure.colorbar(mesh, ax=axes)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
    if is_error(panel.y):
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}"))
        name = axes.get_title()
        axes.set_title(name if "%" in name else f"{name} (%)")
    if grid.size <= MOST_NUMBERS and norm is not None:
        for (row, column), value in np.ndenumerate(grid):
            if np.isfinite(value):
                ink = "white" if norm(value) < 0.55 else "black"
                words = shown(float(f"{100 * value if is_error(panel.y) else value:.3g}"))
                axes.text(column + 0.5, row + 0.5, words, ha="center", va="center", color=ink, fontsize=SMALL - 1)
    axes.grid(visible=False)
    name_places(axes, [value_label(figure, x) for x in prepared.xs], first=0.5)
    rows = [tick_name(value_label(figure, line.series)) for line in prepared.lines]
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.set_xlabel(column_label(figure, figure.x) if figure.x else "")
    axes.set_ylabel(column_label(figure, figure.series) if figure.series else "")
    panel.notes.append("Means over seeds, and over axes that are not shown.")
