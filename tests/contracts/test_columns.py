"""configs/COLUMNS.md tells every column of every CSV, as it is in the files of real runs."""

import csv
import re
from dataclasses import fields

import pandas as pd
import pytest
import torch
from torch import nn

from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.errors import EXIT_CODES
from genlab.measures import MEASURES
from genlab.measures.computing.compute import compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.models.dropout import Chain
from genlab.models.initialisation import initialise
from genlab.report.drawing.files import COLUMNS as FIGURE_COLUMNS
from genlab.rundir.columns import (
    BOUND_COLUMNS,
    COMPRESSION_COLUMNS,
    COMPRESSION_LAYER_COLUMNS,
    HISTORY_COLUMNS,
    LABEL_COLUMNS,
    MEASURE_COLUMNS,
    TIMING_COLUMNS,
)
from genlab.rundir.finished import FinishedRun
from tests.cli.command import genlab
from tests.contracts.documents import DOCUMENTS, tables

TOLD = tables(DOCUMENTS["configs/COLUMNS.md"])
WRITTEN = {
    "history.csv": HISTORY_COLUMNS,
    "timing.csv": TIMING_COLUMNS,
    "labels.csv": LABEL_COLUMNS,
    "measures.csv": MEASURE_COLUMNS,
    "compression.csv": COMPRESSION_COLUMNS,
    "compression_layers.csv": COMPRESSION_LAYER_COLUMNS,
    "bounds.csv": BOUND_COLUMNS,
}
TYPES = {
    "text": r".*",
    "whole number": r"-?\d+",
    "number": r"-?(\d+(\.\d+)?(e[+-]?\d+)?|inf)",
    "true or false": r"true|false",
}


def told(heading):
    """From the columns under a heading, in their order, to their type and when they are empty."""
    return {name.strip("`"): (kind, empty) for names, kind, *_, empty in TOLD[heading] for name in names.split(", ")}


def told_tables():
    """The same for each measure that is a table; its name stands in the first of its rows."""
    found, measure = {}, ""
    for name, column, kind, *_, empty in TOLD["measures/NAME.csv"]:
        measure = name.strip("`") or measure
        found.setdefault(measure, {})[column.strip("`")] = kind, empty
    return found


def problems(columns, rows):
    """What the rows of a file have that is not told of their columns; `*` in a name stands for anything."""
    found = []
    for name, value in ((name, value) for row in rows for name, value in row.items()):
        fitting = [pattern for pattern in columns if re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name)]
        if not fitting:
            found.append(f"{name} is not told")
            continue
        kind, empty = columns[fitting[0]]
        if value == "" and empty.startswith("never"):
            found.append(f"{name} is empty")
        if value == "nan" and "`nan`" in empty:
            continue
        if value != "" and kind in TYPES and not re.fullmatch(TYPES[kind], value):
            found.append(f"{name} is {value!r}, no {kind}")
    return sorted(set(found))


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", WRITTEN)
def test_every_column_is_told_in_its_order(name):
    assert list(told(name)) == list(WRITTEN[name])


@pytest.fixture(scope="session")
def passes(first_experiment):
    """Two runs of the first experiment, of true and of half corrupted labels, measured, compressed and bounded."""
    runs = first_experiment / "runs"
    listed = genlab("runs", "ls", "--runs", runs, "--columns", "id,data.labels.corruption", "--csv").out.splitlines()
    chosen = [next(line.partition(",")[0] for line in listed if line.endswith(f",{p}")) for p in ("0.0", "0.5")]
    for verb in (["measure"], ["measure", "--only", "hessian_trace"], ["compress"], ["bounds"]):
        assert genlab(*verb, *chosen, "--runs", runs, "-q").code == 0
    return [next(runs.glob(f"*-{run}")) for run in chosen]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_real_file_is_as_it_is_told(name, passes):
    files = [run / name for run in passes if (run / name).exists()]
    assert len(files) == (1 if name == "labels.csv" else 2), "true labels have no labels.csv"
    rows = [row for file in files for row in read(file)]
    assert rows
    assert problems(told(name), rows) == []


def test_the_results_of_a_sweep_are_as_they_are_told(first_experiment):
    (path,) = (first_experiment / "runs" / "sweeps").glob("noise-claims-laptop-*/results.csv")
    rows = read(path)
    assert len(rows) == 15
    assert problems(told("results.csv"), rows) == []
    assert any(name.startswith("measure.") for name in rows[0])


def test_the_numbers_of_figures_are_as_they_are_told(first_experiment):
    target = first_experiment / "noise-claims.yaml"
    assert genlab("report", target, "--runs", first_experiment / "runs", "-q").code == 0
    files = list((first_experiment / "runs" / "sweeps").glob("noise-claims-laptop-*/figures/*.csv"))
    assert {path.stem for path in files} == {"errors", "norm"}
    for path in files:
        rows = read(path)
        assert rows
        assert problems(told("figures/NAME.csv"), rows) == []
    assert list(told("figures/NAME.csv")) == list(FIGURE_COLUMNS)


def test_the_table_of_a_zoo_is_as_it_is_told(first_experiment):
    target = first_experiment / "noise-claims.yaml"
    said = genlab("zoo", target, "--runs", first_experiment / "runs", "--against", "final.test_error", "-q")
    assert said.code == 0, said.err
    (path,) = (first_experiment / "runs" / "sweeps").glob("noise-claims-laptop-*/zoo-*.csv")
    rows = read(path)
    assert [re.sub(r"\[.*\]", "[*]", name) for name in rows[0]] == list(told("zoo-TARGET.csv"))
    assert problems(told("zoo-TARGET.csv"), rows) == []


@pytest.fixture(scope="module")
def computed():
    """Every measure that is a table, of a perceptron that gets its labels right."""
    images = torch.randint(0, 256, (24, 3, 3, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    model = Chain(nn.Flatten(), nn.Linear(9, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)).eval()
    initialise(model, "he_normal", 2.0, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        labels = model(Normalisation("image")(images)).argmax(1)
    data = Dataset(images, labels, labels, images, labels, ("a", "b", "c"), (1, 3, 3), Normalisation("image"))
    history = pd.DataFrame({"epoch": [0, 1], "step": [0, 5], "train_loss": [1.2, 0.08]})
    names = [name for name, measure in MEASURES.items() if measure.table]
    return compute_measures(Subject(model, model, data, seed=0, history=history), Request.of(names))


def test_every_measure_that_is_a_table_is_told(computed):
    assert {row["reason"] for row in computed.rows} == {"table"}
    found = {name: list(table.columns) for name, table in computed.named_tables().items()}
    told = {name: list(columns) for name, columns in told_tables().items()}
    assert told == found, "add the columns of a new table to configs/COLUMNS.md, under measures/NAME.csv"


def test_the_tables_of_measures_are_as_they_are_told(computed):
    for name, table in computed.named_tables().items():
        rows = [dict(zip(row, map(written, row.values()), strict=True)) for row in table.to_dict("records")]
        assert problems(told_tables().get(name, {}), rows) == [], f"{name}: tell its columns in configs/COLUMNS.md"


def written(value):
    """As a cell of a file has it."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def test_every_attribute_of_a_run_is_told():
    own = {name for name in vars(FinishedRun) if not name.startswith("_")}
    assert {re.sub(r"\(.*\)", "", row[0].strip("`")) for row in TOLD["From Python"]} == own | {
        field.name for field in fields(FinishedRun)
    }


def test_every_exit_code_is_told():
    assert {int(code): meaning for code, meaning in TOLD["Exit codes"]} == EXIT_CODES


def test_a_column_that_is_not_told_or_told_wrongly_is_found():
    columns = {"a": ("whole number", "never"), "b*": ("true or false", "at times")}
    assert problems(columns, [{"a": "3", "b1": "true", "b2": ""}]) == []
    assert problems(columns, [{"a": "", "b1": "yes", "c": "1"}]) == [
        "a is empty",
        "b1 is 'yes', no true or false",
        "c is not told",
    ]
