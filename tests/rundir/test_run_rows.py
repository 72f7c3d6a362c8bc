"""Rows of runs that know more as more is asked of them; filters, orders and columns are in test_listing.py."""

import pytest

from genlab.errors import UsageError
from genlab.rundir.run_rows import RunRows
from tests.rundir.examples import made_up_run

MEASURES = "measure,layer,value,unit,standard_error,residual,iterations,samples,converged,options,seconds,reason\n"


@pytest.fixture
def runs(tmp_path):
    for index in range(3):
        run = made_up_run(tmp_path, "a", f"{index}" * 4, config={"seed": index, "model.widths": [2, index]})
        run.measures.write_text(f"{MEASURES}margin,,{index}.5,1,,,,,,,0.1,\n")
    return tmp_path


def test_measures_are_read_when_a_column_is_one_and_not_before(runs):
    rows = RunRows.of_directory(runs)
    assert rows.column("seed") == "seed"
    assert rows.column("widths") == "model.widths"
    assert "measure.margin" not in rows.rows[0]
    assert rows.column("margin") == "measure.margin"
    assert [row["measure.margin"] for row in rows.rows] == [0.5, 1.5, 2.5]


def test_measures_of_runs_that_are_filtered_out_are_not_read(runs):
    (runs / "a-0000" / "measures.csv").write_text("broken")
    rows = RunRows.of_directory(runs)
    rows.keep(["measure.margin>1", "seed>0"])
    assert [row["id"] for row in rows.rows] == ["1111", "2222"]
    assert rows.damaged == []


def test_measures_are_read_and_damage_is_told_once(runs):
    (runs / "a-0000" / "measures.csv").write_text("broken")
    rows = RunRows.of_directory(runs)
    rows.measure()
    rows.measure()
    assert len(rows.damaged) == 1


def test_a_run_at_work_has_no_measures(runs):
    rows = RunRows.of_directory(runs)
    rows.rows[0]["status"] = "running"
    rows.measure()
    assert ["measure.margin" in row for row in rows.rows] == [False, True, True]


def test_a_condition_that_fits_no_run_leaves_measures_unknown_and_is_no_error(runs):
    rows = RunRows.of_directory(runs)
    rows.keep(["seed=9", "measure.margin>1"])
    assert rows.rows == []
    with pytest.raises(UsageError, match="no run has a column 'wibble'"):
        rows.column("wibble")


def test_a_measure_where_nothing_is_measured_says_how_to(tmp_path):
    made_up_run(tmp_path)
    with pytest.raises(UsageError, match=r"'measure.x'; none of them is measured; `genlab measure` does that"):
        RunRows.of_directory(tmp_path).column("measure.x")


def test_a_pattern_is_all_columns_like_it_in_their_order(runs):
    rows = RunRows.of_directory(runs)
    assert rows.columns("final.t*") == ["final.train_error", "final.test_error"]
    assert rows.columns("measure.*") == ["measure.margin"]
    assert rows.columns("see?") == ["seed"]
    assert set(rows.columns("*")) == set(rows.known)
    with pytest.raises(UsageError, match=r"no run has a column like 'x\*'"):
        rows.columns("x*")


def test_what_varies_is_the_usual_keys_first_then_those_that_every_run_has(tmp_path):
    configs = [
        {"training.batch_size": 1, "model.depth": 3, "seed": 0, "data.labels.corruption": 0.5, "data.pad": 0},
        {"training.batch_size": 2, "model.depth": 3, "seed": 1, "data.labels.corruption": 0.0, "data.pad": 0},
        {"training.batch_size": 2, "seed": 1, "data.labels.corruption": 0.0, "data.pad": 0},
    ]
    for index, config in enumerate(configs):
        made_up_run(tmp_path, "a", f"{index}" * 4, config=config)
    varying = RunRows.of_directory(tmp_path).varying()
    assert varying == ["data.labels.corruption", "seed", "training.batch_size", "model.depth"]


def test_a_setting_that_some_runs_leave_out_has_its_neutral_value_there(tmp_path):
    for index, config in enumerate(({"data.inputs.name": "gaussian"}, {"data.augmentation.rotation": 10.0}, {})):
        made_up_run(tmp_path, "a", f"{index}" * 4, config=config)
    for condition, fits in (("inputs=true", ["1111", "2222"]), ("rotation=0", ["0000", "2222"])):
        rows = RunRows.of_directory(tmp_path)
        assert {"data.inputs.name", "data.augmentation.rotation"} == set(rows.varying())
        rows.keep([condition])
        assert [row["id"] for row in rows.rows] == fits
