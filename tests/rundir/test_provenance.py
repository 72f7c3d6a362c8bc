"""What made a run: enough to trace its numbers and to repeat its choices."""

import datetime
import json
import subprocess
import sys

import pytest
import torch

import genlab
from genlab.errors import GenlabError
from genlab.rundir import provenance
from genlab.rundir.code_hash import code_hash
from genlab.rundir.command_line import typed_command
from genlab.rundir.layout import RunDirectory
from genlab.rundir.provenance import git_commit, machine, now, read_provenance, record_start, record_stop, versions
from tests.rundir.examples import made_up_run

CHOICES = {"device": "cpu", "threads": 1, "compile": False, "evaluation_batch": 256}


@pytest.fixture(autouse=True)
def nothing_known():
    """A process looks once at what it is made of."""
    for found_once in (versions, git_commit, machine):
        found_once.cache_clear()
    yield
    for found_once in (versions, git_commit, machine):
        found_once.cache_clear()


def test_attempts_are_added_and_closed_one_by_one(tmp_path):
    run = made_up_run(tmp_path)
    record_start(run, seed=3, execution=CHOICES)
    record_stop(run, "preempted: SIGTERM")
    record_start(run, seed=3, execution=CHOICES)
    found = read_provenance(run)
    assert (found["seed"], found["execution"]) == (3, CHOICES)
    first, second = found["attempts"]
    assert first["outcome"] == "preempted: SIGTERM"
    assert first["stop"] >= first["start"]
    assert (second["stop"], second["outcome"]) == (None, None)
    assert first["argv"] == sys.argv
    assert (first["command"], first["code"]) == (typed_command(), code_hash())
    assert (
        first["versions"]["torch"] == torch.__version__.split("+")[0] or first["versions"]["torch"] == torch.__version__
    )


def test_a_run_that_never_started_has_none(tmp_path):
    run = made_up_run(tmp_path)
    assert read_provenance(run) == {}
    record_stop(run, "failed")
    assert not run.provenance.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "3"])
def test_damage_is_one_line_with_a_remedy_and_is_not_written_over(tmp_path, content):
    run = made_up_run(tmp_path)
    run.provenance.write_text(content)
    for call in (read_provenance, lambda run: record_start(run, seed=0, execution={})):
        with pytest.raises(GenlabError, match=r"provenance.json: damaged \(.*; remove it, or start the run afresh"):
            call(run)
    assert run.provenance.read_text() == content


def test_versions_and_machine_can_be_written_as_json():
    found = versions()
    assert found["genlab"] == genlab.__version__
    assert {"python", "torch", "torchvision", "numpy"} <= found.keys()
    assert "missing" not in found.values()
    assert machine()["cores"] >= 1
    json.dumps([found, machine()])


def test_a_library_that_is_not_there_is_told_as_missing(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("no-such-library",))
    assert versions()["no-such-library"] == "missing"


def test_the_time_is_universal_and_to_the_second():
    found = datetime.datetime.fromisoformat(now())
    assert found.utcoffset() == datetime.timedelta(0)
    assert found.microsecond == 0


def checkout(folder, monkeypatch):
    """A git checkout that genlab seems to run from."""
    (folder / "genlab").mkdir()
    monkeypatch.setattr(genlab, "__file__", str(folder / "genlab" / "__init__.py"))
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_the_commit_of_the_checkout_is_recorded_with_whether_it_was_changed(tmp_path, monkeypatch):
    checkout(tmp_path, monkeypatch)
    clean = git_commit()
    assert len(clean["commit"]) == 40
    assert not clean["dirty"]
    (tmp_path / "new").touch()
    assert git_commit() == clean, "what a process runs is what it has read"
    git_commit.cache_clear()
    assert git_commit() == clean | {"dirty": True}


def test_an_installed_package_has_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(genlab, "__file__", str(tmp_path / "genlab" / "__init__.py"))
    assert git_commit() == {}


@pytest.mark.parametrize(
    "content",
    [{"execution": {}}, {"execution": 3}, {"attempts": 5}, {"attempts": [1]}, {"execution": {"device": "cpu"}}],
)
def test_provenance_of_another_shape_is_damaged(tmp_path, content):
    run = RunDirectory(tmp_path)
    run.provenance.write_text(json.dumps(content))
    with pytest.raises(GenlabError, match="damaged"):
        read_provenance(run)
