"""Nets trained on true, partly corrupted and random labels, side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from genlab.rundir.atomic import replacing

COLOURS = ("#0072b2", "#e69f00", "#cc3311")  # apart for colour-blind readers too (Okabe and Ito)
MARKERS = ("o", "s", "^")  # repeat the difference without colour
MARKED = 0.12  # of the length of a curve, from one of its markers to the next


def corruption_figure(
    path: Path,
    histories: Mapping[str, pd.DataFrame],
    margins: Mapping[str, pd.DataFrame],
    compressions: Mapping[str, pd.DataFrame],
) -> None:
    """Draw three panels: errors over epochs, margins over the training set, error after truncation.

    Each label has a colour and a marker.

    Args:
        path: of the PNG file.
        histories: `history.csv` by label.
        margins: `measures/margin_distribution.csv` by label.
        compressions: `compression.csv` by label.
    """
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    fitting, spread, truncation = figure.subplots(1, 3)
    for number, (colour, marker, label) in enumerate(zip(COLOURS, MARKERS, histories, strict=False)):
        history = histories[label]
        style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 3.5}
        # Each begins elsewhere, so that markers of curves that lie upon each other do not.
        along = style | {"markevery": (MARKED * number / len(MARKERS), MARKED)}
        fitting.plot(history["epoch"] + 1, 100 * history["train_error"], label=label, **along)
        fitting.plot(history["epoch"] + 1, 100 * history["test_error"], linestyle="--", **along)
        distribution = margins[label]
        spread.plot(distribution["margin"], distribution["percentile"], label=label, **along)
        rows = compressions[label]
        by_energy = rows["setting"].astype(str).str.startswith("energy=") & rows["train_error"].notna()
        rows = rows[by_energy].sort_values("parameters")
        kept = 100 * rows["parameters"] / rows["original_parameters"]
        truncation.plot(kept, 100 * rows["train_error"], label=label, **style)
    fitting.set(xscale="log", xlabel="epochs + 1", ylabel="error (%)", ylim=(-2, 102))
    fitting.set_title("Training error (solid) and test error (dashed)", fontsize=10)
    spread.axvline(0, color="0.7", linewidth=0.8)
    spread.set(xlabel="margin (logits)", ylabel="training images below (%)", ylim=(0, 100))
    spread.set_title("Margins on the training set", fontsize=10)
    truncation.set(xlabel="parameters kept (%)", ylabel="training error (%)", ylim=(-2, 102))
    truncation.set_title("SVD truncation of every layer, by energy", fontsize=10)
    figure.legend(*spread.get_legend_handles_labels(), loc="outside lower center", ncols=len(histories), frameon=False)
    for axes in (fitting, spread, truncation):
        axes.spines[["top", "right"]].set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130)
