"""KL against expected sharpness: the curve of each run, averaged over seeds at the same expected sharpness."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from genlab.report.drawing.catalogue import figure_kind
from genlab.report.drawing.style import GREY, SIZE, Panel, column_label

# Neyshabur et al. 2017 compare nets at this expected sharpness.
LEVEL = 0.05
MOST_MARKERS = 25
Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Averaged:
    """The curves of a line's seeds: mean, lowest and highest at some x."""

    x: Numbers
    mean: Numbers
    low: Numbers
    high: Numbers


@figure_kind(numbers_along_x=True, measured_x=True)
def draw_sharpness_curve(panel: Panel) -> None:
    """A line a series: the mean over seeds of the runs' curves, a band from the lowest to the highest, a rule at 0.05.

    x is measured, so that the curves of two seeds have no x in common: each is read by interpolation, straight between
    its points on the axes of the figure, at places evenly spaced over the x that all of them reach, as many as a curve
    has points. On a log axis the mean is the geometric one. One curve is drawn through its own points. Both axes are
    logarithmic unless the config gives `x_scale` or `y_scale`.
    """
    axes, figure = panel.axes, panel.figure
    scales = [getattr(figure, key) if key in figure.model_fields_set else "log" for key in ("x_scale", "y_scale")]
    rows = panel.prepared.values(panel.y)
    panel.note_dropped(rows["place"].tolist(), scales[0])
    panel.note_dropped(rows["value"].tolist(), scales[1])
    for column, scale in zip(("place", "value"), scales, strict=True):
        rows = rows[(rows[column] > 0) | (scale != "log")]
    most, apart, points = 1, False, 0
    for line, own in rows.groupby("line"):
        curves = [curve.sort_values("place") for _, curve in own.groupby("seed")]
        averaged = _averaged(curves, *scales)
        most, apart, points = max(most, len(curves)), apart or not len(averaged.x), points + len(averaged.x)
        _draw_line(panel, int(str(line)), averaged, banded=len(curves) > 1)
        for x, mean, low, high in zip(averaged.x, averaged.mean, averaged.low, averaged.high, strict=True):
            panel.record(int(str(line)), float(x), float(mean), low=float(low), high=float(high), n=len(curves))
    axes.axvline(LEVEL, color=GREY, linewidth=0.8, linestyle=":", label="_level")
    if not points:
        # A logarithmic axis has to end somewhere.
        axes.set(xlim=(LEVEL / 10, LEVEL * 10), ylim=(1, 10))
    axes.set_xscale(scales[0])
    panel.place_y(scales[1])
    axes.set_xlabel(column_label(figure, figure.x) if figure.x else "", fontsize=SIZE)
    panel.notes.append(f"Dotted: {LEVEL:g}.")
    if most > 1:
        panel.notes.append(f"Lines: means over {most} seeds at the same x; bands: lowest to highest seed.")
    if apart:
        panel.notes.append("Seeds whose curves share no x have no line.")


def _averaged(curves: list[pd.DataFrame], x_scale: str, y_scale: str) -> Averaged:
    """The curves at places that all of them reach; none where there are no such places."""
    along, back = _axis(x_scale)
    up, down = _axis(y_scale)
    places = [along(curve["place"].to_numpy(dtype=float)) for curve in curves]
    read_at = places[0] if len(curves) == 1 else _shared(places)
    values = np.array(
        [np.interp(read_at, place, up(curve["value"].to_numpy())) for place, curve in zip(places, curves, strict=True)]
    )
    x = back(read_at)
    return Averaged(x, down(values.mean(0)), down(values.min(0)), down(values.max(0)))


def _shared(places: list[Numbers]) -> Numbers:
    """Evenly spaced from the largest first place to the smallest last one."""
    low, high = max(place[0] for place in places), min(place[-1] for place in places)
    count = max(map(len, places)) if low <= high else 0
    return np.unique(np.linspace(low, high, count))


def _axis(scale: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Where a number stands on an axis, and back; a symlog axis is read as a linear one."""
    return (np.log, np.exp) if scale == "log" else (np.asarray, np.asarray)


def _draw_line(panel: Panel, index: int, averaged: Averaged, *, banded: bool) -> None:
    marker = panel.marker(index) if len(averaged.x) <= MOST_MARKERS else ""
    panel.axes.plot(
        averaged.x,
        averaged.mean,
        color=panel.colour(index),
        marker=marker,
        markersize=4,
        linewidth=1.5,
        linestyle=panel.dashes(index),
        label=panel.line_label(index),
    )
    if banded:
        panel.axes.fill_between(
            averaged.x, averaged.low, averaged.high, color=panel.colour(index), alpha=0.18, linewidth=0
        )
