"""The one reader of a run's tables: each cell in the type of its column."""

import math
import subprocess
import sys

import pandas as pd
import pytest

from genlab.errors import GenlabError
from genlab.measures import MEASURES
from genlab.rundir.columns import LAYER_NAMES, MEASURE_COLUMNS, TABLES
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_tables import table_frame, table_rows, value_of

HEADER = ",".join(MEASURE_COLUMNS)
ROWS = """\
m,1,,0.5,log,,,3,,true,,0.1,
m,,4,,log,,,,,false,"{""a"":1}",0.1,too small
"""


@pytest.fixture
def run(tmp_path):
    run = RunDirectory(tmp_path / "a-0123")
    run.measures.parent.mkdir()
    run.measures.write_text(f"{HEADER}\n{ROWS}")
    return run


def own(run, text, measure="curve"):
    path = run.measure_table(measure)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_text_stays_text_also_where_it_reads_as_a_number_and_what_is_not_there_is_none(run):
    first, second = table_rows(run, "measures")
    assert first == {
        "measure": "m",
        "layer": "1",
        "epoch": None,
        "value": 0.5,
        "unit": "log",
        "standard_error": None,
        "residual": None,
        "iterations": 3,
        "samples": None,
        "converged": True,
        "options": "",
        "seconds": 0.1,
        "reason": "",
    }
    assert (second["layer"], second["epoch"], second["value"], second["converged"]) == ("", 4, None, False)
    assert second["options"] == '{"a":1}'


def test_a_frame_has_the_types_of_its_columns_and_a_gap_is_missing(run):
    frame = table_frame(run, "measures")
    assert list(frame) == list(MEASURE_COLUMNS)
    assert frame["layer"].tolist() == ["1", ""]
    assert frame["options"].tolist() == ["", '{"a":1}']
    assert frame["converged"].tolist() == [True, False]
    assert math.isnan(frame["epoch"][0])
    assert frame["epoch"][1] == 4
    kinds = {name: str(frame[name].dtype) for name in ("value", "epoch", "iterations", "converged", "layer")}
    assert kinds == {
        "value": "float64",
        "epoch": "float64",
        "iterations": "float64",
        "converged": "bool",
        "layer": "object",
    }


@pytest.mark.parametrize("name", [*TABLES, "measures/curve"])
def test_a_table_that_is_not_there_has_its_columns_and_no_rows(tmp_path, name):
    run = RunDirectory(tmp_path)
    assert table_rows(run, name) == []
    frame = table_frame(run, name)
    assert frame.empty
    assert ("epoch" in frame) == (name != "labels")


def test_a_file_of_the_first_version_is_of_the_nets_as_they_ended(run):
    before = [column for column in MEASURE_COLUMNS if column != "epoch"]
    run.measures.write_text(",".join(before) + "\nm,1,0.5,log,,,3,,true,,0.1,\n")
    (row,) = table_rows(run, "measures")
    assert list(row) == list(MEASURE_COLUMNS)
    assert (row["layer"], row["epoch"], row["value"]) == ("1", None, 0.5)


def test_nan_of_an_old_file_is_no_value(run):
    run.measures.write_text(f"{HEADER}\nm,,,nan,log,nan,,,,,,0.1,\n")
    (row,) = table_rows(run, "measures")
    assert (row["value"], row["standard_error"]) == (None, None)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("m,1,,half,log,,,,,,,,", "value is no number: 'half'"),
        ("m,1,first,1,log,,,,,,,,", "epoch is no whole number: 'first'"),
        ("m,1,,1,log,,,1.5,,,,,", "iterations is no whole number: '1.5'"),
        ("m,1,,1,log,,,,,yes,,,", "converged is neither true nor false: 'yes'"),
    ],
)
def test_a_cell_that_is_none_of_its_kind_is_named_with_its_line(run, row, what):
    run.measures.write_text(f"{HEADER}\n{ROWS}{row}\n")
    for read in (table_rows, table_frame):
        with pytest.raises(GenlabError) as error:
            read(run, "measures")
        assert str(error.value).startswith(f"{run.measures}:4: damaged: {what}; mend the line")


def test_a_column_that_is_gone_is_named(run):
    for text in ("measure,value\na,1\n", "measure\n"):
        run.measures.write_text(text)
        with pytest.raises(GenlabError, match=r"measures.csv:1: damaged: it has no column layer"):
            table_rows(run, "measures")


def test_columns_of_a_measure_of_its_own_are_what_all_their_cells_are(run):
    own(run, "epoch,options,layer,from,rank,value,whole,flag,word,gap\n,,1,3,1,0.5,1.0,true,1,\n2,,3,5,2,,2.0,,a,\n")
    first, second = table_rows(run, "measures/curve")
    assert (first["epoch"], second["epoch"]) == (None, 2)
    assert (first["layer"], second["from"]) == ("1", "5")
    assert [(type(row["rank"]), row["rank"]) for row in (first, second)] == [(int, 1), (int, 2)]
    assert (first["value"], second["value"]) == (0.5, None)
    assert (type(first["whole"]), second["whole"]) == (float, 2.0)
    assert (first["flag"], second["flag"]) == (True, None)
    assert (first["word"], second["word"]) == ("1", "a")
    assert (first["gap"], second["gap"]) == (None, None)
    assert table_frame(run, "measures/curve")["flag"].tolist() == [True, None]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1", "text", "1"),
        ("", "text", ""),
        ("", "number", None),
        ("1", "number", 1.0),
        ("inf", "number", math.inf),
        ("3", "integer", 3),
        ("3.0", "integer", 3),
        ("-4", "integer", -4),
        ("false", "boolean", False),
    ],
)
def test_a_cell_is_a_value_of_its_kind(text, kind, value):
    found = value_of(text, kind)
    assert (type(found), found) == (type(value), value)


def test_tables_of_measures_name_layers_in_columns_that_are_known_to_be_text(measured_tables):
    assert set(measured_tables) == {name for name, measure in MEASURES.items() if measure.table}
    words = {column for table in measured_tables.values() for column in table if _is_text(table[column])}
    assert words <= set(LAYER_NAMES)
    assert "layer" in words


@pytest.fixture(scope="module")
def measured_tables(trained):
    from genlab.measures.computing.compute import compute_measures
    from genlab.measures.computing.request import Request
    from genlab.measures.inputs.subject import Subject
    from genlab.rundir.finished import load_run

    run = load_run(trained.path)
    subject = Subject(run.model, run.initial_model, run.dataset, run.config.seed, history=run.history)
    tables = [name for name, measure in MEASURES.items() if measure.table]
    return compute_measures(subject, Request.of(tables)).named_tables()


def _is_text(column: "pd.Series"):
    return any(isinstance(value, str) for value in column)


def test_rows_are_read_without_pandas_and_torch():
    code = "import sys, genlab.rundir.rows; print([m for m in ('torch', 'pandas', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
