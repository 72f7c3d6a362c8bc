"""What several tests of verbs share."""

import shutil

import pytest

from tests.rundir.examples import made_up_run, open_path, train

__all__ = ["open_path"]


@pytest.fixture(scope="session")
def trained_runs(tmp_path_factory):
    """A directory with one finished run; not to be changed."""
    runs = tmp_path_factory.mktemp("runs") / "runs"
    train(runs)
    return runs


@pytest.fixture
def runs(trained_runs, tmp_path):
    """A directory with one finished run named tiny and an unfinished one named half."""
    runs = shutil.copytree(trained_runs, tmp_path / "runs")
    made_up_run(runs, "half", "abcd", state="preempted", reason="SIGTERM")
    return runs


@pytest.fixture
def tiny(runs):
    """The directory of the finished run."""
    return next(runs.glob("tiny-*"))
