"""The ranked measures of a zoo: a row a measure, a panel a statistic."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genlab.report.drawing.style import COLOURS, GREY, NO_VALUES, SIZE, SMALL, dress, plain
from genlab.report.words import readable
from genlab.statistics.ranking import Ranked
from genlab.statistics.resampling import Interval
from genlab.statistics.table import GAP

ROW_INCHES = 0.2
WIDTHS = (2.6, 1.7, 1.8, 1.6)
NAME_INCHES = 0.068  # a letter
FEWEST_ROWS = 5
REASON_LETTERS = 22  # of a line in the panel of sign errors
NO_NEIGHBOURS = "no two configurations are one setting apart"
NOT_TOLD = "the test images tell too few pairs apart"
TOO_FEW = "too few pairs one setting apart have values and differ in the target"


def draw_ranking(ranked: Sequence[Ranked], target: str, interval: str, test_images: int | None = None) -> Figure:
    """Tau and Psi, psi along each hyperparameter, the conditional score, and the sign errors of every measure.

    Measures stand in the order given, the first on top; those without statistics are left out.

    Args:
        target: what they are to predict.
        interval: what the bars are, a sentence.
        test_images: that sign errors were weighed by.
    """
    shown = [one for one in ranked if one.tau is not None]
    names = max((len(one.measure) for one in shown), default=1) * NAME_INCHES
    axes_names = max((len(readable(name)) for one in shown for name in one.psi_by or {}), default=0) * NAME_INCHES
    height = ROW_INCHES * max(len(shown), FEWEST_ROWS) + 1.5 + max(axes_names, 0.4)
    canvas = Figure(figsize=(sum(WIDTHS) + names, height), layout="constrained")
    panels = canvas.subplots(1, len(WIDTHS), sharey=True, width_ratios=WIDTHS)
    for panel in panels:
        dress(panel)
    _taus(panels[0], shown)
    _by_axis(panels[1], shown)
    _scores(panels[2], shown)
    _errors(panels[3], shown, test_images)
    panels[0].set_yticks(range(len(shown)), [plain(one.measure) for one in shown])
    panels[0].set_ylim(max(len(shown), 1) - 0.5, -0.5)
    if not shown:
        panels[0].text(0.5, 0.5, NO_VALUES, transform=panels[0].transAxes, ha="center", color=GREY)
    what = "the generalization gap" if target == GAP else readable(target)
    canvas.suptitle(plain(f"Which measures predict {what}"), fontsize=SIZE + 2)
    handles, labels = panels[0].get_legend_handles_labels()
    canvas.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=SMALL,
        title=plain(interval),
        title_fontsize=SMALL - 0.5,
    )
    return canvas


def _taus(axes: Axes, shown: Sequence[Ranked]) -> None:
    axes.axvline(0, color=GREY, linewidth=0.8)
    _points(axes, [one.tau for one in shown], [one.tau_interval for one in shown], -0.13, 0, "tau, all pairs")
    _points(axes, [one.psi for one in shown], [one.psi_interval for one in shown], 0.13, 1, "Psi, one setting apart")
    axes.set_xlim(-1.05, 1.05)
    axes.set_title("rank correlation", fontsize=SIZE)
    axes.set_xlabel("with the target", fontsize=SMALL)


def _by_axis(axes: Axes, shown: Sequence[Ranked]) -> None:
    names = list(shown[0].psi_by or {}) if shown else []
    grid = np.array([[np.nan if v is None else v for v in (one.psi_by or {}).values()] for one in shown], dtype=float)
    axes.set_title("psi along", fontsize=SIZE)
    axes.grid(visible=False)
    axes.set_xticks(range(len(names)), [plain(readable(name)) for name in names])
    axes.tick_params(axis="x", labelrotation=90)
    if not grid.size:
        return
    axes.imshow(grid, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    for row, column in np.argwhere(~np.isnan(grid)):
        value = grid[row, column]
        colour = "white" if abs(value) > 0.6 else "black"
        words = f"{round(value, 1) + 0.0:.1f}"  # no -0.0
        axes.text(column, row, words, ha="center", va="center", fontsize=SMALL - 2, color=colour)


def _scores(axes: Axes, shown: Sequence[Ranked]) -> None:
    _points(axes, [one.cmi for one in shown], [one.cmi_interval for one in shown], 0, 2, "")
    axes.set_xlim(left=0)
    axes.set_title("conditional information", fontsize=SIZE)
    axes.set_xlabel("CMI score", fontsize=SMALL)


def _errors(axes: Axes, shown: Sequence[Ranked], test_images: int | None) -> None:
    """From the median to the worst environment."""
    axes.axvline(0.5, color=GREY, linewidth=0.8)
    for place, one in enumerate(shown):
        errors = one.sign_errors
        middle, worst = (errors.quantile(0.5), errors.quantile(1.0)) if errors else (None, None)
        if middle is not None and worst is not None:
            axes.plot([middle, worst], [place, place], color=COLOURS[3], linewidth=1)
            axes.plot(middle, place, "o", color=COLOURS[3], markersize=4)
            axes.plot(worst, place, "|", color=COLOURS[3], markersize=7)
    if len(axes.lines) == 1 and shown:
        reason = textwrap.fill(_no_errors(shown, test_images), REASON_LETTERS)
        text = axes.text(0.5, 0.5, reason, transform=axes.transAxes, ha="center", va="center", color=GREY)
        text.set(fontsize=SMALL - 1, in_layout=False, backgroundcolor="white")
    axes.set_xlim(-0.05, 1.05)
    axes.set_title("sign error", fontsize=SIZE)
    axes.set_xlabel("median to worst", fontsize=SMALL)


def _no_errors(shown: Sequence[Ranked], test_images: int | None) -> str:
    if not any(one.sign_errors and one.sign_errors.left_out for one in shown):
        return NO_NEIGHBOURS
    return NOT_TOLD if test_images else TOO_FEW


def _points(
    axes: Axes,
    values: Sequence[float | None],
    intervals: Sequence[Interval | None],
    shift: float,
    colour: int,
    label: str,
) -> None:
    places = [
        (place + shift, v, i) for place, (v, i) in enumerate(zip(values, intervals, strict=True)) if v is not None
    ]
    for place, _, interval in places:
        if interval is not None:
            axes.plot([interval.low, interval.high], [place, place], color=COLOURS[colour], linewidth=1)
    axes.plot(
        [value for _, value, _ in places],
        [place for place, _, _ in places],
        "os^"[colour],
        color=COLOURS[colour],
        markersize=4,
        label=label,
    )
