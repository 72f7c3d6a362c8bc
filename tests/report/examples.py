"""A sweep's tables and a report made up: 4 training sizes, true and random labels, 3 seeds, 4 measures."""

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from genlab.claims.verdicts import Verdict
from genlab.config.schema.figure import FigureConfig
from genlab.report.drawing.draw import draw
from genlab.report.drawing.files import svg
from genlab.report.origin import Origin
from genlab.report.references import bibtex
from genlab.report.report_data import ReportData

CORRUPTION, SIZE, TEST_ERROR = "data.labels.corruption", "data.train_size", "final.test_error"
AXES = (CORRUPTION, SIZE)
SIZES = (500, 1000, 2000, 4000)
MEASURES = ("log_l2_path_norm_over_margin_5", "log_l1_path_norm_over_margin_5", "log_spectral_norm", "log_l2_norm")


def figure(kind: str, **fields: Any) -> FigureConfig:
    """A config of a figure; by default test error against training size, by corruption."""
    known: dict[str, Any] = {"name": "one", "kind": kind, "x": SIZE, "y": [TEST_ERROR], "series": CORRUPTION}
    return FigureConfig.model_validate(known | fields)


def results() -> pd.DataFrame:
    """24 finished runs in an order of no meaning."""
    draws = np.random.default_rng(0)
    rows = []
    for corruption in (0.0, 1.0):
        for size in SIZES:
            for seed in (0, 1, 2):
                row: dict[str, Any] = {
                    "id": f"{int(corruption)}{size:05d}{seed:06d}",
                    "status": "finished",
                    "reason": "train error 0",
                    "seed": seed,
                    CORRUPTION: corruption,
                    SIZE: size,
                    "final.epoch": 20 + int(corruption) * 60 + seed,
                    "final.train_error": 0.0,
                    TEST_ERROR: 0.9 if corruption else 0.6 * (size / 500) ** -0.3 + 0.02 * draws.standard_normal(),
                }
                for number, measure in enumerate(MEASURES):
                    grown = (0.4 + 0.3 * number) * np.log(size) * (1 + corruption)
                    row[f"measure.{measure}"] = 20 + 3 * number + grown + 0.5 * draws.standard_normal()
                rows.append(row)
    table = pd.DataFrame(rows)
    table.loc[3, "measure.log_l2_norm"] = np.nan
    return table.sample(frac=1, random_state=1).reset_index(drop=True)


def history(table: pd.DataFrame) -> pd.DataFrame:
    """Errors by epoch of the same runs, ten epochs each."""
    rows = []
    for row in table.to_dict("records"):
        for epoch in range(11):
            falling = float(np.exp(-epoch / (3 if row[CORRUPTION] == 0 else 8))) * (0.9 + 0.02 * row["seed"])
            rows.append({**row, "epoch": epoch, "train_error": falling, "test_error": max(falling, row[TEST_ERROR])})
    return pd.DataFrame(rows)


RULE = "Holds when the difference a - b, averaged over the cells of the other axes, is above 0."


def checked(id: str, says: str, **fields: Any) -> Verdict:
    """The verdict of a claim; by default it holds."""
    known = Verdict(id, says, "Figure 1", "holds", 4.2, "difference", (3.1, 5.4), 12, 3, "", RULE)
    return replace(known, **fields)


VERDICTS = (
    checked(
        "path-norm-separates",
        "Over the margin, the l2 path norm is higher with random labels than with true ones",
        published=4.356,
        chance=0.0004,
        corrected=0.0016,
        smallest=0.8,
    ),
    checked(
        "gap-correlates",
        "Runs with a higher path norm have the higher test error",
        source="",
        effect=0.61,
        effect_name="Kendall tau-b",
        interval=None,
        chance=0.03,
        corrected=0.06,
        n=24,
    ),
    checked(
        "path-norm-grows",
        "With random labels the l2 path norm grows with the training set",
        effect=0.97,
        effect_name="total change",
        interval=(0.93, 1.0),
        published=1.073,
        published_units=False,
        chance=0.00001,
        corrected=0.00004,
        smallest=0.05,
    ),
    checked(
        "l2-separates",
        "The l2 norm separates true from random labels at every size",
        verdict="fails",
        effect=-0.31,
        interval=(-0.82, 0.22),
        reason="difference -0.31 is not above 0",
        published=4.578,
        chance=0.86,
        corrected=0.86,
        smallest=0.7,
    ),
    checked(
        "table-1",
        "The test error with 4,000 images is that of the paper",
        verdict="cannot tell",
        effect=None,
        effect_name="",
        interval=None,
        n=2,
        seeds=2,
        reason="2 seeds, and 3 are needed; 1 of 6 runs lack a value: seed=2 (failed)",
        published=0.1425,
    ),
)


def report(**fields: Any) -> ReportData:
    """A whole report, or one that differs in some fields."""
    return replace(_report(), **fields)


@functools.cache
def _report() -> ReportData:
    table = results()
    tables = {"results": table, "history": history(table)}
    labels = {"0": "true labels", "1": "random labels", SIZE: "training images"}
    panels = figure(
        "curves",
        name="norms",
        title="Four norms over the margin",
        caption="True labels and random labels, networks trained to zero error.",
        y=[f"measure.{measure}" for measure in MEASURES],
        labels=labels,
        x_scale="log",
    )
    errors = figure("points", name="errors", caption="Test error of every run.", labels=labels)
    return ReportData(
        name="neyshabur2017-figure1",
        file="neyshabur2017-figure1.yaml",
        packaged=True,
        paper="neyshabur2017",
        source="Figure 1",
        asks="Do norms over the margin tell nets trained on true labels from nets trained on random ones?",
        scale="laptop",
        verdicts=VERDICTS,
        figures=[(f, svg(draw(f, tables.__getitem__, AXES))) for f in (panels, errors)],
        results=table,
        axes={CORRUPTION: (0.0, 1.0), SIZE: SIZES},
        seeds=(0, 1, 2),
        base="name: neyshabur2017-figure1\ndata:\n  name: cifar10\nmodel: {name: neyshabur_vgg}\n",
        origin=Origin(
            runs=24,
            versions=(("genlab 0.1.0", 24), ("python 3.11.7", 24), ("torch 2.6.0", 24)),
            devices=(("cpu (AMD EPYC), 1 thread of 2 cores", 24),),
            commits=(("0123456789ab", 20), ("ba9876543210, with uncommitted changes", 4)),
            codes=(("fedcba987654", 24),),
            training_seconds=4321.0,
            started="2026-11-20T10:00:00+00:00",
            stopped="2026-11-20T10:38:20+00:00",
            wall_seconds=2300.0,
        ),
        command="genlab report neyshabur2017-figure1 --scale laptop",
        version="0.1.0",
        code="fedcba987654",
        made="2026-11-21T08:05:00+00:00",
        folders={identity: f"../../neyshabur2017-figure1-{identity}" for identity in table["id"][1:]},
        narrow={"norms": svg(draw(panels.model_copy(update={"panels_per_row": 1}), tables.__getitem__, AXES))},
        references=("neyshabur2017",),
        sources={"Neyshabur et al. 2017, arXiv:1706.08947": "log_l2_norm (Section 2.2)"},
        bibtex=bibtex(["neyshabur2017"], "0.1.0"),
    )


def published_report(**fields: Any) -> ReportData:
    """A report of what is published alone, with nothing of runs."""
    rows = results()[lambda table: table["seed"] == 0].drop(columns=[TEST_ERROR, "final.train_error", "final.epoch"])
    rows = rows.assign(seed="published", id=[f"published{number}" for number in range(len(rows))])
    claims = [replace(VERDICTS[0], effect=4.356, interval=None, chance=None, corrected=None, smallest=None, seeds=1)]
    alone: dict[str, Any] = {"scale": None, "seeds": (), "base": "", "origin": Origin(), "verdicts": claims}
    alone |= {"results": rows, "published": {"neyshabur2017-figure1": "Neyshabur et al. 2017, vector paths"}}
    return report(**(alone | fields))
