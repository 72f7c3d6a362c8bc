import os
import shutil

import pytest

from genlab.errors import GenlabError, LockedError, UsageError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.removal import remove_run, remove_runs
from genlab.rundir.status import all_statuses
from tests.rundir.examples import made_up_run


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    return made_up_run(tmp_path / "runs", "a", "0123456789ab")


def test_of_several_none_is_removed_while_somebody_is_at_work_on_one(run):
    runs = [run.path, made_up_run(run.path.parent, "b", "2222").path]
    with locked(run.path.parent, "2222"), pytest.raises(LockedError):
        list(remove_runs(runs))
    assert all(path.exists() for path in runs)
    assert list(remove_runs(runs)) == runs
    assert not any(path.exists() for path in runs)


def test_nothing_is_left(run):
    remove_run(run.path)
    assert not list(run.path.parent.iterdir())


def test_whoever_is_killed_half_way_leaves_no_run_and_the_next_removal_clears_it_away(run, monkeypatch):
    def killed(path):
        os.unlink(path / "history.csv")
        raise SystemExit

    made_up_run(run.path.parent, "b", "a" * 12)
    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(SystemExit):
        remove_run(run.path)
    statuses, damaged = all_statuses(run.path.parent)
    assert [status["name"] for status in statuses] == ["b"]
    assert not damaged
    monkeypatch.undo()
    again = made_up_run(run.path.parent, "a", "0123456789ab")
    remove_run(again.path)
    assert [path.name for path in run.path.parent.iterdir()] == ["b-" + "a" * 12]


def test_a_link_is_refused_and_what_it_points_to_stays(run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    run.path.rename(elsewhere)
    run.path.symlink_to(elsewhere)
    with pytest.raises(UsageError, match=f"is a link to {elsewhere}; remove the run there, or the link with rm"):
        remove_run(run.path)
    assert (elsewhere / "status.json").exists()
    assert run.path.is_symlink()


def test_what_cannot_be_removed_is_one_line(run, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(GenlabError, match="cannot be removed: Permission denied"):
        remove_run(run.path)
