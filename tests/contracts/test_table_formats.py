"""Every command that prints a table prints it in every format, and each format can be read back."""

import csv
import functools
import io
import json
import re

import pandas as pd
import pytest

from genlab.cli.options import TableFormat
from genlab.report.demo import Demo
from genlab.report.sweep_report import report_published
from genlab.sweeps.file.grid import load_sweep
from tests.cli.command import genlab
from tests.contracts.documents import ROOT, options
from tests.contracts.test_commands import VERBS
from tests.rundir.examples import made_up_run, train
from tests.training.benchmark.examples import EXAMPLE

# How each command is called so that it prints a table of rows; RUNS and CSV stand for what is made below.
CALLS = {
    ("measure",): ["tiny", "--only", "parameter_count,frobenius_norm", "-q"],
    ("compress",): ["tiny", "--no-save", "-q"],
    ("bounds",): ["tiny", "--only", "frobenius,parameters", "-q"],
    ("runs", "ls"): ["--columns", "id,name,widths,test_error"],
    ("runs", "show"): ["other"],
    ("runs", "diff"): ["tiny", "other"],
    ("ls",): ["optimisers"],
    ("zoo",): ["CSV", "--hyperparameters", "lr", "--out", "OUT", "-q"],
    ("bench",): ["digits-mlp", "-q"],
    ("report",): ["neyshabur2017-figure4", "--published", "-q"],
    ("sweep",): ["neyshabur2017-figure4", "--scale", "smoke", "--dry-run"],
    ("demo",): ["-q"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with two runs and a table from elsewhere."""
    folder = tmp_path_factory.mktemp("tables")
    train(folder / "runs")
    made_up_run(folder / "runs", "other", "0123")
    rows = [{"lr": lr, "seed": s, "gap": lr + s / 9, "norm_a": lr - s / 8} for lr in (0.1, 0.2) for s in range(3)]
    pd.DataFrame(rows).to_csv(folder / "theirs.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch, place):
    """What takes long is done once, or is an example."""
    rows = [{"labels": "true", "test error %": 2.0, "epochs": 7}]
    monkeypatch.setattr("genlab.report.demo.run_demo", lambda *_: Demo(rows, place / "demo.png"))
    monkeypatch.setattr("genlab.training.benchmark.measure_speed.measure_speed", lambda *_, **__: EXAMPLE)
    monkeypatch.setattr(
        "genlab.report.sweep_report.report_published", lambda sweep, runs: published_once(sweep.name, runs)
    )


@functools.cache
def published_once(name, runs):
    """The report of published curves, drawn once for all formats."""
    return report_published(load_sweep(name, None), runs=runs)


def called(verb, place, *more):
    words = [{"CSV": str(place / "theirs.csv"), "OUT": str(place / "out")}.get(word, word) for word in CALLS[verb]]
    where = ["--runs", str(place / "runs")] if "--runs" in options(VERBS[verb]) else []
    return genlab(*verb, *words, *where, *more)


def read(text, table_format):
    """The cells of a table as rows, header first; of JSON the document."""
    if table_format == "json":
        return json.loads(text)
    if table_format == "csv":
        return list(csv.reader(io.StringIO(text)))
    if table_format == "markdown":
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines()]
        assert all(re.fullmatch(r" ---:? ", cell) for cell in rows.pop(1))
        return rows
    lines = text.splitlines()
    columns = re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", lines[0])[1]
    rows = [re.split(r"(?<!\\) & ", line.removesuffix(r" \\")) for line in lines if line.endswith(r" \\")]
    assert {len(row) for row in rows} == {len(columns)}
    marks = [line for line in lines if not line.endswith(r" \\")]
    assert marks == [lines[0], r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}"]
    return rows


def test_what_takes_a_format_is_tried_and_the_other_way_round():
    assert {verb for verb in VERBS if "--format" in options(VERBS[verb])} == set(CALLS)


def test_tables_are_printed_in_one_way():
    """A verb that prints a table by itself has no other format of it."""
    files = (ROOT / "genlab" / "cli").glob("*.py")
    own = [path.name for path in files if re.search(r"\bprint_table\(|\bTable\(", path.read_text())]
    assert own == ["output.py"]


@pytest.mark.parametrize("table_format", [*TableFormat])
@pytest.mark.parametrize("verb", CALLS, ids=" ".join)
def test_every_table_is_printed_in_every_format(verb, table_format, place):
    found = called(verb, place, "--format", table_format.value)
    assert found.code == 0, found.err
    assert found.out.strip()
    if table_format is TableFormat.table:
        return
    rows = read(found.out, table_format)
    assert len(rows) >= 1 if table_format is TableFormat.json else len(rows) >= 2
    if table_format is not TableFormat.json:
        assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("verb", CALLS, ids=" ".join)
def test_json_is_the_same_whichever_way_it_is_asked_for(verb, place):
    def without_clock(text):
        return re.sub(r'"seconds": [\d.e-]+', "", text)

    first, second = called(verb, place, "--format", "json"), called(verb, place, "--json")
    assert without_clock(first.out) == without_clock(second.out)
    assert called(verb, place, "--format", "csv", "--json").code == 2
