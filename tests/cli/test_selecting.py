"""The selection of runs that a verb is about; the verbs are tested in test_runs.py and test_passes.py."""

from pathlib import Path

import pytest

from genlab.cli.selecting import readable, selected, selected_to_compare, selected_to_remove
from genlab.errors import GenlabError, UsageError
from genlab.rundir.find import SeveralRunsError
from tests.rundir.examples import made_up_run


@pytest.fixture
def runs(tmp_path):
    for index, name in enumerate(["a", "a", "b"]):
        made_up_run(tmp_path, name, f"{index}" * 4, config={"seed": index})
    return tmp_path


def test_a_verb_without_any_run_says_what_to_give(runs):
    for nothing in (None, []):
        with pytest.raises(UsageError, match=r"which runs\? Give directories, .* --where CONDITION, or --last"):
            selected(nothing, runs)


def test_damaged_runs_are_told_on_stderr(runs, capsys):
    (runs / "b-2222" / "status.json").write_text("{")
    assert len(selected(None, runs, where=["seed<9"]).runs) == 2
    assert capsys.readouterr().err.startswith(f"genlab: {runs}/b-2222/status.json: damaged")


def test_a_damaged_run_of_a_name_hides_no_other_and_one_that_is_named_is_an_error(runs, capsys):
    (runs / "a-0000" / "status.json").write_text("{")
    assert [run.run_id for run in readable(selected(["a"], runs))] == ["1111"]
    assert "a-0000/status.json: damaged" in capsys.readouterr().err
    with pytest.raises(GenlabError, match="damaged"):
        readable(selected(["0000", "b"], runs))
    with pytest.raises(GenlabError, match="damaged"):
        readable(selected(["*0000"], runs))


@pytest.mark.parametrize(
    ("targets", "where", "ids"),
    [
        (["a"], None, ["0000", "1111"]),
        (["0000", "b"], None, ["0000", "2222"]),
        (["a*", "b"], None, ["0000", "1111", "2222"]),
        (["a", "b"], ["seed>0"], ["1111", "2222"]),
        ([], ["seed<2"], ["0000", "1111"]),
        (["b", "b"], None, ["2222"]),
    ],
)
def test_two_runs_or_more_are_compared(runs, targets, where, ids):
    assert [run.run_id for run in selected_to_compare(targets, runs, where=where)] == ids


def test_one_of_several_targets_is_no_name_of_many(runs):
    with pytest.raises(SeveralRunsError, match="a: names 2 runs"):
        selected_to_compare(["a", "b"], runs)
    with pytest.raises(UsageError, match=r"b: names one run \(b-2222\)"):
        selected_to_compare(["b"], runs)
    with pytest.raises(UsageError, match=r"a --where 'seed=1': names one run \(a-1111\)"):
        selected_to_compare(["a"], runs, where=["seed=1"])


def test_what_is_removed_is_named(runs):
    assert [path.name for path in selected_to_remove(["a"], runs)] == ["a-0000", "a-1111"]
    with pytest.raises(UsageError, match="Name them"):
        selected_to_remove([], runs, last=True)


def test_a_link_stays_one(runs, tmp_path_factory):
    link = tmp_path_factory.mktemp("links") / "link"
    link.symlink_to(runs / "b-2222")
    assert selected_to_remove([str(link)], runs) == [link]


def test_a_link_to_itself_that_has_the_name_of_runs_is_in_nobodys_way(runs, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("loops"))
    Path("b").symlink_to("b")
    assert selected_to_remove(["b"], runs) == [runs / "b-2222"]
