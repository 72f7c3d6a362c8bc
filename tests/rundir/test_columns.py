"""The headers of the tables of passes."""

from genlab.compression.evaluation import empty_row
from genlab.measures.computing.compute import Results, _row
from genlab.measures.computing.registry import MEASURES, Value
from genlab.rundir.columns import COMPRESSION_COLUMNS, MEASURE_COLUMNS


def test_a_row_of_a_measure_has_just_these_columns():
    row = _row(MEASURES["parameter_count"], "", Value(3.0), options="", seconds=0.0, reason="")
    assert tuple(row) == tuple(MEASURE_COLUMNS)
    assert not Results().rows


def test_a_row_of_a_compressed_net_has_just_these_columns():
    assert tuple(empty_row("svd_truncation", "rank=1")) == tuple(COMPRESSION_COLUMNS)
