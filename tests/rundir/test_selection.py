"""The runs that a command is about."""

import os

import pytest

from genlab.errors import UsageError
from genlab.rundir.find import SeveralRunsError
from genlab.rundir.selection import select_runs
from tests.rundir.examples import made_up_run


@pytest.fixture
def runs(tmp_path):
    for index, name in enumerate(["a", "a", "b"]):
        times = {"started": f"2026-01-0{3 - index}T00:00:00+00:00"}
        made_up_run(tmp_path, name, f"{index}" * 4, config={"seed": index}, **times)
    return tmp_path


def ids(selection):
    return [run.run_id for run in selection.runs]


@pytest.mark.parametrize(
    ("targets", "how", "found"),
    [
        (["a"], {}, ["0000", "1111"]),
        (["b", "a"], {}, ["2222", "0000", "1111"]),
        (["a", "0000", "*"], {}, ["0000", "1111", "2222"]),
        ([], {"where": ["seed>0"]}, ["1111", "2222"]),
        (["a"], {"where": ["seed>0"]}, ["1111"]),
        ([], {"last": True}, ["0000"]),
        ([], {"last": True, "where": ["seed>0"]}, ["1111"]),
        (["b"], {"last": True}, ["2222"]),
        ([], {}, ["0000", "1111", "2222"]),
    ],
)
def test_targets_conditions_and_the_last_of_them(runs, targets, how, found):
    assert ids(select_runs(runs, targets, **how)) == found


def test_of_runs_started_in_one_second_the_last_is_that_which_spoke_last(tmp_path):
    for index in range(3):
        run = made_up_run(tmp_path, "a", f"{index}" * 4, started="2026-01-01T00:00:00+00:00")
        os.utime(run.status, (1000, 1000 + 10 * (index == 1)))
    assert ids(select_runs(tmp_path, last=True)) == ["1111"]


def test_a_run_without_a_time_is_not_the_last(runs):
    made_up_run(runs, "c", "9999")
    made_up_run(runs, "c", "8888", started="yesterday")
    assert ids(select_runs(runs, last=True)) == ["0000"]


def test_what_was_asked_for_as_one_run_is_known(runs):
    single = {path.name for path in select_runs(runs, ["a", "b", "1111"]).single}
    assert single == {"b-2222", "a-1111"}
    assert select_runs(runs, ["*"]).single == frozenset()
    assert select_runs(runs, ["*"], where=["seed=0"]).single == frozenset()
    assert {path.name for path in select_runs(runs, last=True).single} == {"a-0000"}


def test_a_run_that_is_named_by_its_directory_and_its_name_counts_once(runs):
    selection = select_runs(runs, [str(runs / "a-0000"), "a"])
    assert ids(selection) == ["0000", "1111"]
    assert {path.name for path in selection.single} == {"a-0000"}


def test_a_damaged_run_is_in_a_name_and_fits_no_condition(runs):
    (runs / "a-0000" / "status.json").write_text("{")
    assert ids(select_runs(runs, ["a"])) == ["0000", "1111"]
    selection = select_runs(runs, ["a"], where=["seed<5"])
    assert ids(selection) == ["1111"]
    assert len(selection.damaged) == 1
    (runs / "a-1111" / "status.json").write_text("{")
    with pytest.raises(UsageError, match=r"no run of a in .* can be read: .*damaged"):
        select_runs(runs, ["a"], where=["seed<5"])


@pytest.mark.parametrize(
    ("targets", "how", "words"),
    [
        (["nobody"], {}, "nobody: no run of that directory, id or name"),
        (["a"], {"where": ["seed=2"]}, r"no run of a in .* fits seed=2; seed is 0, 1"),
        ([], {"where": ["seed<2", "seed>1"]}, r"fits seed<2 and seed>1; seed is 0, 1"),
        ([], {"where": ["sede=2"]}, "no run has a column 'sede'; did you mean seed"),
        ([], {"where": ["seed"]}, "a condition is KEY=VALUE"),
    ],
)
def test_what_fits_nothing_is_told_with_the_remedy(runs, targets, how, words):
    with pytest.raises(UsageError, match=words):
        select_runs(runs, targets, **how)


def test_first_letters_of_the_ids_of_several_are_no_name(runs):
    made_up_run(runs, "a", "abcd1")
    made_up_run(runs, "a", "abcd2")
    with pytest.raises(SeveralRunsError, match="abcd: names 2 runs"):
        select_runs(runs, ["abcd"])


def test_a_directory_of_runs_that_is_a_file(runs):
    with pytest.raises(UsageError, match="is a file, not a directory of runs"):
        select_runs(runs / "a-0000" / "status.json", ["a"])


def test_an_empty_directory(tmp_path):
    for runs in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="there are no runs in"):
            select_runs(runs, where=["seed=1"])
