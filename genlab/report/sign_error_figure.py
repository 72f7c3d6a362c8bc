"""How often each measure orders runs the wrong way, over environments and by the hyperparameter that they change."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from genlab.report.drawing.style import GREY, NO_VALUES, SIZE, SMALL, dress, plain
from genlab.report.words import readable
from genlab.statistics.ranking import Ranked
from genlab.statistics.sign_error import SignErrors

PANEL_INCHES = 1.25
ROW_INCHES = 0.2
NAME_INCHES = 0.068  # a letter
FEWEST_ROWS, FEWEST_PANELS = 5, 4
STEPS = 100  # of the shading, from error 0 to 1
MARKS = {"mean": "o", "90th percentile": "D", "worst": "|"}
EXPLAINED = "Shade: the part of the environments in which the error is larger."


def draw_sign_errors(ranked: Sequence[Ranked]) -> Figure:
    """The distribution of the sign error over environments, a row a measure, as Figure 1 of Dziugaite et al. 2020.

    Measures stand by rising mean over all environments, those without one are left out. A white row is never wrong, one
    that is dark to its end always.
    """
    shown = sorted((one for one in ranked if one.sign_errors and len(one.sign_errors.values)), key=_mean)
    panels: dict[str, list[SignErrors]] = {"all": [one.sign_errors for one in shown if one.sign_errors]}
    for name in shown[0].sign_errors_by if shown else ():
        panels[readable(name)] = [one.sign_errors_by[name] for one in shown]
    names = max((len(one.measure) for one in shown), default=1) * NAME_INCHES
    size = PANEL_INCHES * max(len(panels), FEWEST_PANELS) + names, ROW_INCHES * max(len(shown), FEWEST_ROWS) + 1.4
    canvas = Figure(figsize=size, layout="constrained")
    axes = canvas.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (name, errors) in zip(axes, panels.items(), strict=True):
        dress(panel)
        _panel(panel, name, errors)
    axes[0].set_yticks(range(len(shown)), [plain(one.measure) for one in shown])
    axes[0].set_ylim(max(len(shown), 1) - 0.5, -0.5)
    canvas.suptitle("Sign error over environments", fontsize=SIZE + 2)
    handles, labels = axes[0].get_legend_handles_labels()
    below = {"frameon": False, "fontsize": SMALL, "title": EXPLAINED, "title_fontsize": SMALL - 0.5}
    canvas.legend(handles, labels, loc="outside lower center", ncols=len(MARKS), **below)
    return canvas


def _mean(one: Ranked) -> tuple[float, str]:
    mean = one.sign_errors.mean if one.sign_errors else None
    return (np.inf if mean is None else mean), one.measure


def _panel(axes: Axes, name: str, errors: Sequence[SignErrors]) -> None:
    most = max((len(each.values) for each in errors), default=0)
    axes.set_title(plain(f"{name}\n({most:,})"), fontsize=SMALL)
    axes.grid(visible=False)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    if not most:
        axes.text(0.5, 0.5, NO_VALUES if not errors else "none", transform=axes.transAxes, ha="center", color=GREY)
        return
    axes.imshow(
        np.stack([beyond(each.values) for each in errors]),
        cmap="Blues",
        vmin=0,
        vmax=1.2,  # the darkest blue would hide the marks
        aspect="auto",
        interpolation="nearest",  # the rows beside it are other measures
        extent=(0, 1, len(errors) - 0.5, -0.5),
    )
    axes.hlines(np.arange(1, len(errors)) - 0.5, 0, 1, color="white", linewidth=2)
    numbers = {
        "mean": [each.mean for each in errors],
        "90th percentile": [each.quantile(0.9) for each in errors],
        "worst": [each.quantile(1.0) for each in errors],
    }
    for label, values in numbers.items():
        there = [(value, place) for place, value in enumerate(values) if value is not None]
        x, y = zip(*there, strict=True)
        face: dict[str, Any] = (
            {"color": "black"} if label == "mean" else {"markerfacecolor": "white", "markeredgecolor": "#d55e00"}
        )
        width = 2 if label == "worst" else 1
        axes.plot(x, y, MARKS[label], markersize=4, markeredgewidth=width, label=label, clip_on=False, zorder=3, **face)


def beyond(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of the errors above the middle of each step from 0 to 1, [STEPS]; nothing where there are none."""
    if not len(errors):
        return np.zeros(STEPS)
    middles = (np.arange(STEPS) + 0.5) / STEPS
    return 1 - np.searchsorted(np.sort(errors), middles, side="right") / len(errors)
