"""Rankings of the 4,967 nets that Dziugaite et al. measured in June 2020, where GENLAB_PUBLISHED says that they lie.

The repository of the authors names no licence, so the nets are not in this one. Their measures are raw there; the paper
ranks sqrt(measure / m), and (log - ln m) / 2 of logarithms, m the number of training images, of nets that converged.
The numbers to compare with were computed from the authors' own adjusted columns by other code. These and the raw ones
are rounded to four digits each, so that other nets are tied: that moves a mean by .003 at most, and no count.
"""

import csv
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from genlab.statistics.ranking import rank_measures
from genlab.statistics.sign_error import environments, sign_errors
from genlab.statistics.table import zoo_table
from tests.cli.command import genlab

pytestmark = pytest.mark.data

# By the columns of the nets, what the hyperparameters are called where the sign errors are.
AXES = {
    "dataset": "dataset",
    "train_size": "train_dataset_size",
    "lr": "lr",
    "depth": "model_depth",
    "width": "model_width",
}
NOT_MEASURES = 13  # columns before those of measures
TEST_IMAGES = 10_000


def measures_of(nets):
    return list(nets.columns[NOT_MEASURES:])


def published(name):
    folder = os.environ.get("GENLAB_PUBLISHED")
    path = Path(folder or ".") / "dziugaite2020" / name
    if not folder or not path.exists():
        pytest.skip(f"no dziugaite2020/{name} in the directory that GENLAB_PUBLISHED names")
    return path


def read(name):
    return pd.read_csv(published(name), comment="#")


def adjusted(frame, names):
    for name in names:
        square, log = frame[name] / frame["train_size"], frame[name] - np.log(frame["train_size"])
        frame[name] = log / 2 if name.startswith("log_") else np.sqrt(square)
    return frame


@pytest.fixture(scope="module")
def nets():
    frame = read("nets_june2020.csv")
    assert len(frame) == 4967
    frame = frame[(frame["converged"] == 1) & (frame["high_train_accuracy"] == 1)].reset_index(drop=True)
    return adjusted(frame.round({"lr": 4}), measures_of(frame))


@pytest.fixture(scope="module")
def expected():
    """By measure and hyperparameter, the sign errors as they were computed elsewhere."""
    frame = read("computed_sign_error_june2020.csv")
    return frame.set_index(["measure", "hyperparameter"]).rename(columns={"mean_sign_error": "mean"})


def test_the_sign_error_of_every_measure_and_hyperparameter_is_the_published_one(nets, expected):
    names = measures_of(nets)
    found = zoo_table(nets, config_keys=(), hyperparameters=list(AXES), measures=names)
    where = environments(found.settings)
    means = {}
    for name in names:
        errors = sign_errors(found.measures[name], found.values, where, TEST_IMAGES)
        assert len(errors.values) == 7656
        assert errors.quantile(1.0) == 1
        means[name] = errors.mean
        for along, axis in ((errors, "all"), *((errors.along(i), axis) for i, axis in enumerate(AXES.values()))):
            row = expected.loc[(name, axis)]
            assert len(along.values) == row["environments"]
            assert along.mean == pytest.approx(row["mean"], abs=1e-3 if axis == "all" else 3e-3)
            assert along.quantile(0.9) == pytest.approx(row["p90"], abs=5e-4)
            assert along.quantile(1.0) == pytest.approx(row["max"], abs=1e-9)
    assert min(means, key=means.get) == "pacbayes_orig"
    assert round(means["pacbayes_orig"], 3) == 0.056
    # The figure of the paper is of the later data, twice as many nets.
    figure = read("figure1.csv")
    figure = figure[figure["series"] == "all:mean"].set_index("x")["y"]
    both = [name for name in names if name in figure.index]
    assert len(both) >= 22
    assert round(spearmanr([means[name] for name in both], figure[both]).statistic, 2) == 0.94


@pytest.mark.parametrize("dataset", ["cifar10", "svhn"])
def test_tau_and_psi_of_configurations_are_the_published_ones(dataset):
    rows = read("computed_tau_psi_june2020.csv")
    rows = rows[rows["dataset"] == dataset].set_index("measure")
    frame = read("configs_june2020.csv")
    frame = frame[frame["dataset"] == dataset].reset_index(drop=True)
    # The number of parameters is not adjusted here.
    frame = adjusted(frame, rows.index.drop("params"))
    axes = ["train_size", "lr", "depth", "width"]
    found = zoo_table(frame, config_keys=(), hyperparameters=axes, measures=list(rows.index))
    for one in rank_measures(found, resamples=2):
        row = rows.loc[one.measure]
        # The means have five digits, and the numbers four decimals.
        assert one.tau == pytest.approx(row["tau"], abs=2e-4)
        assert one.psi == pytest.approx(row["Psi"], abs=4e-4)
        assert list(one.psi_by.values()) == pytest.approx([row[f"psi_{axis}"] for axis in axes], abs=1.1e-3)


@pytest.mark.slow
def test_the_command_ranks_them_as_the_figure_of_the_paper_does(nets, expected, tmp_path):
    table = tmp_path / "nets.csv"
    table.write_text("# Nets of others.\n" + nets.to_csv(index=False))
    names = measures_of(nets)
    arguments = ("--measures", ",".join(names), "--against", "gap", "--test-images", TEST_IMAGES, "--out", tmp_path)
    found = genlab("zoo", table, "--hyperparameters", ",".join(AXES), *arguments, "-q")
    assert found.code == 0, found.err
    rows = {row["measure"]: row for row in csv.DictReader((tmp_path / "zoo-gap.csv").open())}
    assert set(rows) == set(names)
    for name, row in rows.items():
        assert row["environments"] == "7656"
        assert float(row["sign_error_mean"]) == pytest.approx(expected.loc[(name, "all")]["mean"], abs=1e-3)
        assert float(row["sign_error_worst"]) == 1
        for column, axis in AXES.items():
            assert int(row[f"environments[{column}]"]) == expected.loc[(name, axis)]["environments"]
            error = float(row[f"sign_error_mean[{column}]"])
            assert error == pytest.approx(expected.loc[(name, axis)]["mean"], abs=3e-3)
    assert (tmp_path / "figures" / "zoo-gap-sign-errors.png").exists()
