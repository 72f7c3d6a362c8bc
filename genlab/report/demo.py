"""The main job in small: three nets on the embedded images, measured and compressed, in one table and one figure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from genlab.compression.compress_run import compress_run
from genlab.compression.settings import read_settings
from genlab.config.load import load_train_config
from genlab.measures.computing.measure_run import measure_run
from genlab.measures.computing.request import Request
from genlab.report.demo_figure import corruption_figure
from genlab.rundir.finished import FinishedRun, load_run
from genlab.rundir.rows import measure_values
from genlab.training.progress import Progress
from genlab.training.train_run import train_run

CORRUPTIONS = {"true labels": 0.0, "half corrupted": 0.5, "random labels": 1.0}
MEASURES = ("margin_5th_percentile", "log_l2_path_norm_over_margin_5", "log_spectral_norm_operator_over_margin_5")
COMPRESSION = "svd"


@dataclass(frozen=True)
class Demo:
    """What the demonstration found.

    Attributes:
        rows: one a net: errors, epochs, measures, parameters that keep the training error below 1 %.
        figure: path of the PNG file.
    """

    rows: list[dict[str, Any]]
    figure: Path


def run_demo(runs: Path, data_dir: Path, progress: Progress) -> Demo:
    """Train a perceptron on true, half corrupted and random labels of the digits, measure it and compress it.

    Runs that are finished are not trained again. The figure is `<runs>/demo.png`.
    """
    settings = read_settings(COMPRESSION)
    finished: dict[str, FinishedRun] = {}
    for label, corruption in CORRUPTIONS.items():
        config = load_train_config("digits-mlp", [f"data.labels.corruption={corruption}"]).config
        result = train_run(config, runs=runs, data_dir=data_dir, progress=progress)
        progress.say(f"{label}: {result.run.path}: {result.status['reason']}")
        run = finished[label] = load_run(result.run.path, data_dir)
        device = torch.device("cpu")
        measure_run(run, Request.of([*MEASURES, "margin_distribution"]), device=device)
        for _ in compress_run(run, settings, device=device, save=False):
            pass
    figure = runs / "demo.png"
    corruption_figure(
        figure,
        {label: run.history for label, run in finished.items()},
        {label: _at_the_end(run.measure_table("margin_distribution")) for label, run in finished.items()},
        {label: _at_the_end(run.compression) for label, run in finished.items()},
    )
    return Demo([_row(label, run) for label, run in finished.items()], figure)


def _row(label: str, run: FinishedRun) -> dict[str, Any]:
    last = run.history.iloc[-1]
    measured = measure_values(run.directory)
    compression = _at_the_end(run.compression)
    close = compression[compression["train_error"] <= last["train_error"] + 0.01]
    return {
        "labels": label,
        "train error %": round(100 * float(last["train_error"]), 2),
        "test error %": round(100 * float(last["test_error"]), 2),
        "epochs": int(last["epoch"]),
        "margin": measured[f"measure.{MEASURES[0]}"],
        "ln path norm²/margin²": measured[f"measure.{MEASURES[1]}"],
        "ln spectral²/margin²": measured[f"measure.{MEASURES[2]}"],
        "parameters kept %": round(100 * float((close["parameters"] / close["original_parameters"]).min()), 1),
    }


def _at_the_end(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["epoch"].isna()]
