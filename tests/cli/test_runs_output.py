"""How lists and comparisons of runs are printed; on a terminal they are seen in test_runs.py."""

import itertools
import json
from dataclasses import replace
from datetime import datetime

import pytest

from genlab.cli.options import TableFormat
from genlab.cli.runs_output import fitting, print_comparison, print_listing, short_time
from genlab.rundir.comparison import Comparison
from genlab.rundir.listing import Listing
from genlab.rundir.short_names import short_names

COLUMNS = ("id", "status", "data.labels.corruption", "seed", "model.widths", "training.batch_size")
COLUMNS += ("final.epoch", "final.train_error", "final.test_error", "started")
ROW = dict(
    zip(COLUMNS, ("0" * 12, "finished", 0.5, 1, "[10]", 32, 7, 0.1, 0.2, "2026-01-02T03:04:05+00:00"), strict=True)
)
LISTING = Listing(COLUMNS, [ROW], [], short_names(COLUMNS), same={"name": "x"})


def test_where_it_is_narrow_the_columns_that_tell_least_are_left_out_first():
    left = [set(COLUMNS) - set(fitting(LISTING, LISTING.rows, width)) for width in (200, 85, 70, 60, 40, 1)]
    assert left[0] == set()
    assert left[1] == {"started"}
    assert all(before <= after for before, after in itertools.pairwise(left))
    assert left[2] == {"started", "training.batch_size"}
    assert set(COLUMNS) - left[-1] == {"id", "status", "final.test_error"}


def test_a_column_that_was_asked_for_is_never_left_out():
    asked = ("training.batch_size", "started")
    assert set(asked) <= set(fitting(replace(LISTING, asked=asked), LISTING.rows, 1))


def test_a_pipe_has_short_headers_and_all_columns(capsys):
    print_listing(LISTING, TableFormat.table)
    header, row = capsys.readouterr().out.splitlines()
    settings = ["corruption", "seed", "widths", "batch_size"]
    assert header.split() == ["id", "status", *settings, "epoch", "train_error", "test_error", "started"]
    assert "T03" not in row


def test_csv_has_full_headers_and_whole_times(capsys):
    print_listing(LISTING, TableFormat.csv)
    header, row = capsys.readouterr().out.splitlines()
    assert header.split(",") == list(COLUMNS)
    assert row.endswith(",2026-01-02T03:04:05+00:00")


@pytest.mark.parametrize("text", [None, "", "yesterday", 3])
def test_a_time_that_is_none_is_nothing(text):
    assert short_time(text) is None


def test_a_time_of_this_year_is_month_day_and_minute():
    now = datetime.now().astimezone().replace(month=3, day=4, hour=5, minute=6)
    assert short_time(now.isoformat()) == "03-04 05:06"
    assert short_time("2001-12-31T12:00:00+00:00") == "2001-12-31"


def test_a_comparison_is_a_column_a_run(capsys):
    found = Comparison(("1111", "2222", "3333"), [("seed", (0, 1, None))])
    print_comparison(found, TableFormat.csv)
    assert capsys.readouterr().out == "key,1111,2222,3333\nseed,0,1,\n"
    print_comparison(found, TableFormat.json)
    assert json.loads(capsys.readouterr().out) == [{"key": "seed", "values": {"1111": 0, "2222": 1, "3333": None}}]
    print_comparison(Comparison(("1111", "2222"), [("seed", (0, 1))]), TableFormat.json)
    assert json.loads(capsys.readouterr().out)[0] == {"key": "seed", "A": 0, "B": 1, "values": {"1111": 0, "2222": 1}}


def test_runs_that_do_not_differ_say_so_to_people_and_are_an_empty_table_for_programs(capsys):
    for table_format, said in (("table", "no difference\n"), ("csv", "key,1,2\n"), ("json", "[]\n")):
        print_comparison(Comparison(("1", "2"), []), TableFormat(table_format))
        assert capsys.readouterr().out == said
