"""The rows that a finished cell must have, and which of them a run lacks."""

from dataclasses import replace

import pytest

from genlab.errors import GenlabError
from genlab.rundir.columns import (
    BOUND_COLUMNS,
    BOUND_KEY,
    COMPRESSION_COLUMNS,
    COMPRESSION_KEY,
    MEASURE_COLUMNS,
    MEASURE_KEY,
)
from genlab.rundir.layout import RunDirectory
from genlab.rundir.measure_tables import replace_measure_table
from genlab.rundir.tables import replace_rows
from genlab.sweeps.expected_rows import ExpectedRows, promised_epochs
from tests.training.examples import small_config

NORM, CURVE = ("norm", ""), ("curve", '{"p":1}')
SETTING = ("svd", "rank=1")
ENDS = [0, 2, None]


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path / "a-0123")


def expected(*measures, settings=(), at_epochs=False):
    return ExpectedRows(frozenset(measures), frozenset(settings), at_epochs, at_epochs)


def measured(run, name, options="", epoch=None, reason=""):
    row = {"measure": name, "options": options, "epoch": epoch, "reason": reason}
    replace_rows(run.measures, MEASURE_COLUMNS, [row], MEASURE_KEY)


def tabled(run, options, epoch=None):
    rows = [{"x": 1.0}]
    replace_measure_table(run, "curve", rows, columns=["x"], epoch=epoch, options=options)


def test_a_row_with_these_options_is_enough_with_or_without_a_value(run):
    wanted = expected(NORM, ("norm", '{"p":2}'))
    assert wanted.measures_left(run) == {None: {NORM, ("norm", '{"p":2}')}}
    measured(run, "norm", reason="the margin is not positive")
    assert wanted.measures_left(run) == {None: {("norm", '{"p":2}')}}
    measured(run, "norm", '{"p":2}')
    assert wanted.measures_left(run) == {}
    assert wanted.done(run)


def test_at_epochs_each_of_them_has_its_own(run):
    wanted = expected(NORM, ("margin", ""), settings=[SETTING], at_epochs=True)
    for name, epoch in (("norm", 0), ("norm", None), ("margin", 0), ("margin", 2)):
        measured(run, name, epoch=epoch)
    assert wanted.measures_left(run, ENDS) == {2: {NORM}, None: {("margin", "")}}
    assert wanted.settings_left(run, ENDS) == {epoch: {SETTING} for epoch in ENDS}
    row = {"method": "svd", "setting": "rank=1", "epoch": 2}
    replace_rows(run.compression, COMPRESSION_COLUMNS, [row], COMPRESSION_KEY)
    assert list(wanted.settings_left(run, ENDS)) == [0, None]
    assert not wanted.done(run, ENDS)
    at_the_end = expected(NORM, settings=[SETTING])
    assert at_the_end.measures_left(run, ENDS) == {}
    assert at_the_end.settings_left(run, ENDS) == {None: {SETTING}}


def test_a_bound_has_its_rows_at_the_end_or_at_each_epoch(run):
    wanted = ExpectedRows(frozenset(), frozenset(), bounds=frozenset({("arora", ""), ("frobenius", "")}))
    for bound, epoch in (("arora", 0), ("frobenius", 0), ("arora", None)):
        rows = [{"bound": bound, "term": term, "options": "", "epoch": epoch} for term in ("bound", "margin")]
        replace_rows(run.bounds, BOUND_COLUMNS, rows, BOUND_KEY)
    assert wanted.bounds_left(run, ENDS) == {None: {("frobenius", "")}}
    assert not wanted.done(run, ENDS)
    along = replace(wanted, bounds_at_epochs=True)
    assert along.bounds_left(run, ENDS) == {2: {("arora", ""), ("frobenius", "")}, None: {("frobenius", "")}}
    rows = [{"bound": "frobenius", "term": "bound", "options": "", "epoch": None}]
    replace_rows(run.bounds, BOUND_COLUMNS, rows, BOUND_KEY)
    assert wanted.done(run, ENDS)


def test_a_row_of_a_table_counts_only_if_the_table_is_there(run):
    wanted = expected(CURVE, at_epochs=True)
    for epoch in ENDS:
        measured(run, "curve", CURVE[1], epoch, reason="table")
    assert list(wanted.measures_left(run, ENDS)) == ENDS
    tabled(run, CURVE[1], 2)
    tabled(run, "", None)
    assert list(wanted.measures_left(run, ENDS)) == [0, None]
    tabled(run, CURVE[1], 0)
    tabled(run, CURVE[1])
    assert wanted.done(run, ENDS)


def test_damage_is_told(run):
    run.measures.parent.mkdir(parents=True)
    run.measures.write_text("measure,value\nnorm,1\n")
    with pytest.raises(GenlabError, match=r"measures.csv:1: damaged: it has no column 'options'"):
        expected(NORM).done(run)
    run.measures.unlink()
    measured(run, "curve", CURVE[1], reason="table")
    tabled(run, CURVE[1])
    with run.measure_table("curve").open("a") as file:
        file.write("half\n")
    with pytest.raises(GenlabError, match=r"measures/curve.csv:3: damaged"):
        expected(CURVE).done(run)


@pytest.mark.parametrize(
    ("asked", "keep", "reached", "ends"),
    [
        ([], "all", 4, [None]),
        ([], "none", 4, [None]),
        ([0, 2, 4, 8], "all", 4, [0, 2, 4, None]),
        ([0, 2], "final", 1, [0, None]),
        ([0, 2], "none", 4, [0, 2]),
        ([8], "none", 4, [None]),
    ],
)
def test_a_run_promises_the_epochs_that_it_has_reached(asked, keep, reached, ends):
    config = small_config({"execution.keep_weights_at": asked, "execution.keep": keep})
    assert promised_epochs(config, {"final": {"epoch": reached}}) == ends
