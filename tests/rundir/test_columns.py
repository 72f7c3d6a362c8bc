"""The headers of the tables of passes."""

from genlab.compression.evaluation import empty_row
from genlab.measures.computing.compute import Results, _row
from genlab.measures.computing.registry import MEASURES, Value
from genlab.rundir.columns import (
    BOUND_COLUMNS,
    BOUND_KEY,
    COMPRESSION_COLUMNS,
    COMPRESSION_KEY,
    MEASURE_COLUMNS,
    MEASURE_KEY,
    MEASURE_TABLE_COLUMNS,
    MEASURE_TABLE_KEY,
    TABLES,
    columns_of,
    is_by_epoch,
)
from genlab.rundir.tables import read_table, write_table


def test_a_row_of_a_measure_has_just_these_columns():
    row = _row(MEASURES["parameter_count"], "", Value(3.0), options="", seconds=0.0, reason="")
    assert tuple(row) == tuple(MEASURE_COLUMNS)
    assert not Results().rows


def test_a_row_of_a_compressed_net_has_just_these_columns():
    assert tuple(empty_row("svd_truncation", "rank=1")) == tuple(COMPRESSION_COLUMNS)


def test_a_table_has_the_columns_of_its_name():
    assert columns_of("measures") is MEASURE_COLUMNS
    assert columns_of("measures/curve") is MEASURE_TABLE_COLUMNS
    assert columns_of("bounds") is BOUND_COLUMNS
    assert columns_of("results") == {}


def test_only_what_can_be_made_of_weights_at_epochs_is_by_epoch():
    assert [name for name in (*TABLES, "measures/curve", "results") if is_by_epoch(name)] == [
        "measures",
        "compression",
        "compression_layers",
        "bounds",
        "measures/curve",
    ]


def test_rows_are_told_apart_by_columns_that_there_are():
    assert set(MEASURE_KEY) <= set(MEASURE_COLUMNS)
    assert set(COMPRESSION_KEY) <= set(COMPRESSION_COLUMNS)
    assert set(BOUND_KEY) <= set(BOUND_COLUMNS)
    assert set(MEASURE_TABLE_KEY) == set(MEASURE_TABLE_COLUMNS)


def test_every_column_says_what_stands_in_it():
    for columns in (*TABLES.values(), MEASURE_TABLE_COLUMNS):
        assert all(column.meaning for column in columns.values())
    added = {name for columns in TABLES.values() for name, column in columns.items() if column.added}
    assert added == {"epoch", "position", "retrain_epochs"}, "what files of earlier versions lack is a contract"


def test_bounds_of_a_version_without_positions_are_read(tmp_path):
    path = tmp_path / "bounds.csv"
    write_table(path, [name for name in BOUND_COLUMNS if name != "position"], [{"bound": "arora", "term": "bound"}])
    (row,) = read_table(path, BOUND_COLUMNS)
    assert (row["bound"], row["position"]) == ("arora", "")
