"""Time and memory against what grows, on logarithmic axes."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure


def draw(growths: list[dict[str, Any]], path: Path) -> None:
    """A line an axis: milliseconds a step, with the range of the rounds, and the memory added.

    Args:
        growths: as `Growth.numbers` gives them.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    times, memory = figure.subplots(1, 2)
    for growth in growths:
        values = np.array(growth["values"])
        milliseconds = 1e3 * np.array(growth["seconds_per_step"])
        middle = np.median(milliseconds, axis=0)
        spread = [middle - milliseconds.min(axis=0), milliseconds.max(axis=0) - middle]
        label = f"{growth['axis']}, slope {growth['time_exponent']:.2f}"
        times.errorbar(values / values[0], middle, spread, marker=".", capsize=2, linewidth=1, label=label)
        added = np.array(growth["peak_memory_bytes"]) - np.array(growth["memory_before_bytes"])
        memory.plot(values / values[0], np.maximum(added, 1e5) / 1e6, marker=".", linewidth=1, label=growth["axis"])
    for axes, name in ((times, "ms a step, all nets"), (memory, "added memory, MB")):
        axes.set(xscale="log", yscale="log", xlabel="times the first value", ylabel=name)
        axes.legend(fontsize=7)
    figure.savefig(path, dpi=90)
