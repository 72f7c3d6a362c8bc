"""The tables of a sweep."""

import csv
import io
import json
import shutil
import subprocess
import sys

import pytest

from genlab.rundir.columns import MEASURE_COLUMNS
from genlab.rundir.tables import read_table, replace_rows
from genlab.sweeps.expected_rows import ExpectedRows
from genlab.sweeps.file.passes import sweep_passes
from genlab.sweeps.results import SweepTables, results_rows, write_results
from tests.sweeps.examples import loaded, planned_cells, results_of, swept


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    swept(loaded(folder), folder / "runs")
    return folder / "runs"


@pytest.fixture
def runs(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "runs")


def test_a_row_has_id_status_config_errors_and_measures_of_its_cell(tmp_path, finished):
    rows = list(csv.DictReader(io.StringIO(results_of(finished).decode())))
    planned = planned_cells(loaded(tmp_path), finished)
    assert [row["id"] for row in rows] == [p.run.run_id for p in planned]
    assert [(row["status"], row["model.widths"], row["seed"]) for row in rows] == [
        ("finished", width, seed) for width in "48" for seed in "01"
    ]
    for row, p in zip(rows, planned, strict=True):
        last = read_table(p.run.history)[-1]
        assert row["final.test_error"] == last["test_error"]
        assert row["final.epoch"] == "3"
        (norm,) = [measured["value"] for measured in read_table(p.run.measures) if measured["measure"] == "log_l2_norm"]
        assert row["measure.log_l2_norm"] == norm


def test_columns_are_config_then_errors_then_measures_in_alphabetical_order(finished):
    header = results_of(finished).decode().splitlines()[0].split(",")
    assert header[:4] == ["id", "status", "reason", "seed"]
    kinds = [column.split(".")[0] for column in header]
    assert kinds.index("final") == len(kinds) - kinds[::-1].index("training")
    assert header[-2:] == ["measure.log_l2_norm", "measure.parameter_count"]


DERIVED = """\
derived:
  net: {kind: name, names: {small: {model.widths: [4]}}}
  started: {kind: history, take: first, column: epoch, where: {epoch: {at_least: 1}}}
  gap: {kind: difference, column: final.test_error, minus: final.train_error}
"""


def test_derived_columns_stand_before_the_measures_and_in_every_long_table(tmp_path, runs):
    sweep = loaded(tmp_path, {"seeds:": f"{DERIVED}seeds:"})
    swept(sweep, runs)
    header, *_ = rows = list(csv.reader(io.StringIO(results_of(runs).decode())))
    place = header.index("derived.net")
    assert header[place : place + 3] == ["derived.net", "derived.started", "derived.gap"]
    assert header[place - 1].startswith("final.")
    assert header[place + 3].startswith("measure.")
    assert [row[place : place + 2] for row in rows[1:]] == [["small", "1"]] * 2 + [["", "1"]] * 2
    for row in rows[1:]:
        errors = [float(row[header.index(f"final.{part}_error")]) for part in ("test", "train")]
        assert float(row[place + 2]) == errors[0] - errors[1]
    tables = SweepTables(planned_cells(sweep, runs), sweep.config.derived)
    history, results = tables("history"), tables("results")
    assert len(history) > len(results)
    assert history["derived.gap"].tolist() == history["id"].map(results.set_index("id")["derived.gap"]).tolist()


def test_a_sweep_of_which_nothing_has_run_has_its_names_and_no_numbers(tmp_path):
    sweep = loaded(tmp_path, {"seeds:": f"{DERIVED}seeds:"})
    rows = results_rows(planned_cells(sweep, tmp_path / "none"), sweep.config.derived)
    assert [row.get("derived.net") for row in rows] == ["small", "small", None, None]
    assert not any("derived.started" in row or "derived.gap" in row for row in rows)


def test_the_order_in_which_measures_were_computed_changes_nothing(tmp_path, runs):
    sweep = loaded(tmp_path)
    for planned in planned_cells(sweep, runs):
        rows = read_table(planned.run.measures)
        planned.run.measures.unlink()
        replace_rows(planned.run.measures, MEASURE_COLUMNS, rows[::-1], ["measure"])
    before = results_of(runs)
    swept(sweep, runs)
    assert results_of(runs) == before


def test_no_clock_is_in_a_row(finished):
    header = results_of(finished).decode().splitlines()[0].split(",")
    assert not {"seconds", "started", "stopped", "path"} & {column.rpartition(".")[2] for column in header}


def test_a_missing_cell_has_its_config_and_empty_values(tmp_path, runs):
    sweep = loaded(tmp_path)
    shutil.rmtree(planned_cells(sweep, runs)[0].run.path)
    path = tmp_path / "some.csv"
    write_results(path, results_rows(planned_cells(sweep, runs)))
    header = results_of(runs).decode().splitlines()[0]
    assert path.read_text().splitlines()[0] == header, "the same columns in the same order"
    first, second = read_table(path)[:2]
    assert (first["status"], first["model.widths"], first["data.labels.corruption"]) == ("missing", "4", "0.0")
    assert {value for key, value in first.items() if key.startswith(("final.", "measure."))} == {""}
    assert second["final.test_error"] != ""


def test_nothing_done_gives_rows_of_config_alone(tmp_path):
    rows = results_rows(planned_cells(loaded(tmp_path), tmp_path / "none"))
    assert [row["status"] for row in rows] == ["missing"] * 4
    assert rows[0]["training.batch_size"] == 16
    assert not [key for row in rows for key in row if key.startswith("final.")]


def test_a_measure_with_options_has_a_column_of_its_own_and_layers_and_tables_have_none(tmp_path, runs):
    run = planned_cells(loaded(tmp_path), runs)[0].run
    rows = read_table(run.measures)
    options = json.dumps({"max_pool": "sum"})
    added = [
        rows[0] | {"measure": "log_l2_path_norm", "options": options, "value": "2.5"},
        rows[0] | {"measure": "per_layer", "layer": "1", "value": "3"},
        rows[0] | {"measure": "curve", "value": "", "reason": "table"},
        rows[0] | {"measure": "no_value", "value": "", "reason": "the margin is not positive"},
    ]
    replace_rows(run.measures, MEASURE_COLUMNS, added, ["measure", "layer"])
    row = results_rows(planned_cells(loaded(tmp_path), runs))[0]
    assert row["measure.log_l2_path_norm[max_pool=sum]"] == 2.5
    assert row["measure.no_value"] is None
    assert not {"measure.per_layer", "measure.curve"} & row.keys()


def test_a_run_with_damaged_files_gets_a_row_with_the_reason(tmp_path, runs):
    first, second, *_ = (p.run for p in planned_cells(loaded(tmp_path), runs))
    first.status.write_text("{")
    second.measures.write_text('measure,options\n"x')
    rows = results_rows(planned_cells(loaded(tmp_path), runs))
    assert [row["status"] for row in rows] == ["failed", "failed", "finished", "finished"]
    assert "damaged" in rows[0]["reason"]
    assert "damaged" in rows[1]["reason"]
    assert rows[0]["model.widths"] == 4


def test_long_tables_have_every_row_of_every_run_with_its_config(tmp_path, finished):
    tables = SweepTables(planned_cells(loaded(tmp_path), finished))
    history = tables("history")
    assert len(history) == 4 * 4, "epochs 0 to 3 of each run"
    assert set(history["seed"]) == {0, 1}
    assert set(history["model.widths"]) == {4, 8}
    assert history["train_error"].between(0, 1).all()
    assert list(tables("measures")["measure"].unique()) == ["parameter_count", "log_l2_norm"]
    assert len(tables("results")) == 4
    assert tables("compression").empty
    assert tables("history") is history, "read once"


def test_results_of_a_sweep_that_is_done_need_no_torch(tmp_path, runs):
    from tests.sweeps.examples import sweep_file

    code = (
        "import sys; from genlab.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "sweep", sweep_file(tmp_path), "--scale", "smoke", "--runs", runs]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 False", done.stdout


def test_an_axis_has_its_value_also_where_a_run_keeps_its_id_for_it(tmp_path):
    sweep = loaded(tmp_path, {"model.widths: [[4], [8]]": "data.labels.confusion: [0, 5]"})
    before = [row["data.labels.confusion"] for row in results_rows(planned_cells(sweep, tmp_path / "runs"))]
    swept(sweep, tmp_path / "runs")
    after = [row["data.labels.confusion"] for row in results_rows(planned_cells(sweep, tmp_path / "runs"))]
    assert before == after == [0, 0, 5, 5]


def test_cells_of_a_list_have_the_axes_of_all_of_them(tmp_path):
    cells = "[{data.inputs: true}, {data.labels.corruption: random}, {data.inputs: gaussian}]"
    sweep = loaded(tmp_path, {"grid:": f"list: {cells}", "  model.widths: [[4], [8]]\n": ""})
    before = results_rows(planned_cells(sweep, tmp_path / "runs"))
    swept(sweep, tmp_path / "runs")
    after = results_rows(planned_cells(sweep, tmp_path / "runs"))
    for rows in (before, after):
        found = [(row["data.inputs"], row["data.labels.corruption"]) for row in rows]
        assert found == [("true", 0), ("true", 0), ("true", 1), ("true", 1), ("gaussian", 0), ("gaussian", 0)]


def test_rows_that_the_sweep_does_not_ask_for_are_left_out(tmp_path, runs):
    """Another sweep of the same runs has other options, or somebody measured more."""
    sweep = loaded(tmp_path)
    planned = planned_cells(sweep, runs)
    first = planned[0].run.measures
    told = {"measure": "log_l2_norm", "options": '{"factors":true}', "value": 9.0, "reason": ""}
    replace_rows(first, MEASURE_COLUMNS, [told, {**told, "measure": "sum_of_squares"}], ("measure", "options"))
    every, own = (SweepTables(planned, None, rows)("measures") for rows in (None, sweep_passes(sweep).expected()))
    assert len(every) == len(own) + 2
    assert set(own["measure"]) == {"log_l2_norm", "parameter_count"}
    assert 9.0 not in own["value"].tolist()
    assert SweepTables(planned, None, sweep_passes(sweep).expected())("history").notna().any(axis=None)


@pytest.mark.parametrize(
    ("table", "row", "has"),
    [
        ("measures/pq_norms", {"options": None}, False),
        ("measures/pq_norm", {"options": '{"p":3.0}'}, True),
        ("measures/pq_norm", {"options": None}, False),
        ("bounds", {"bound": "arora", "options": ""}, True),
        ("bounds", {"bound": "arora", "options": '{"biases":true}'}, False),
        ("compression", {"method": "none", "setting": None}, True),
        ("compression", {"method": "svd_truncation", "setting": "rank=1"}, True),
        ("compression_layers", {"method": "svd_truncation", "setting": "rank=2"}, False),
        ("history", {"epoch": 1}, True),
    ],
)
def test_what_a_sweep_asks_for_is_told_by_options_and_settings(table, row, has):
    asked = ExpectedRows(
        frozenset({("pq_norm", '{"p":3.0}')}),
        frozenset({("svd_truncation", "rank=1")}),
        bounds=frozenset({("arora", "")}),
    )
    assert asked.has(table, row) is has
