"""A run is named by its directory, its id, the start of its id, or its name."""

import pytest

from genlab.errors import UsageError
from genlab.rundir.find import directory_of, find_run
from tests.rundir.examples import made_up_run

FIRST, SECOND, THIRD = "aaaa11112222", "aaaa33334444", "bbbb11112222"


@pytest.fixture
def runs(tmp_path):
    made_up_run(tmp_path, "vgg", FIRST)
    made_up_run(tmp_path, "vgg", SECOND)
    made_up_run(tmp_path, "mlp", THIRD)
    (tmp_path / "notes").mkdir()
    return tmp_path


@pytest.mark.parametrize("target", [THIRD, "bbbb", "bbbb1111222", "mlp", f"mlp-{THIRD}"])
def test_a_run_is_found_by_id_prefix_name_and_name_of_its_directory(runs, target):
    assert find_run(runs, target).path == runs / f"mlp-{THIRD}"


def test_a_run_is_found_by_its_directory_wherever_it_lies(runs, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    made_up_run(elsewhere, "x", "cccc")
    monkeypatch.chdir(elsewhere)
    for target in ("x-cccc", "./x-cccc/", str(elsewhere / "x-cccc")):
        assert find_run(runs, target).path == elsewhere / "x-cccc"


@pytest.mark.parametrize("target", ["vgg", "aaaa"])
def test_a_target_that_names_two_runs_is_refused_with_both(runs, target):
    with pytest.raises(UsageError, match=f"{target}: names 2 runs .*vgg-{FIRST}, vgg-{SECOND}.*; give the id"):
        find_run(runs, target)


def test_the_whole_id_of_a_run_is_never_ambiguous(runs):
    made_up_run(runs, "long", FIRST + "00")
    assert find_run(runs, FIRST).name == "vgg"


def test_a_name_goes_before_the_start_of_an_id(runs):
    made_up_run(runs, "aaaa", "dddd")
    assert find_run(runs, "aaaa").run_id == "dddd"


@pytest.mark.parametrize("target", ["aaa", "zzzz", "vg", "mlp-", "no/such"])
def test_a_target_that_names_no_run_says_how_to_find_one(runs, target):
    with pytest.raises(UsageError, match=r"no run of that directory, id or name in .*`genlab runs ls` lists them"):
        find_run(runs, target)


def test_a_directory_that_is_no_run_says_so(runs):
    with pytest.raises(UsageError, match=r"notes: not a run directory \(it has no status.json\)"):
        find_run(runs, str(runs / "notes"))


def test_a_directory_of_runs_that_is_not_there_has_none(tmp_path):
    with pytest.raises(UsageError, match="no run of that directory"):
        find_run(tmp_path / "missing", "vgg")


def test_the_same_id_under_another_name_is_the_same_directory(runs):
    assert directory_of(runs, "renamed", THIRD).path == runs / f"mlp-{THIRD}"
    assert directory_of(runs, "renamed", "eeee").path == runs / "renamed-eeee"
    assert directory_of(runs / "missing", "a", "b").path == runs / "missing" / "a-b"
