"""Options that several verbs share."""

import json

import pytest

from tests.cli.command import genlab
from tests.rundir.examples import made_up_run


@pytest.mark.parametrize("device", ["auto", "cpu"])
@pytest.mark.parametrize("verb", ["measure", "compress", "bounds"])
def test_known_devices_are_taken(verb, device, tmp_path):
    found = genlab(verb, "nobody", "--device", device, "--runs", tmp_path)
    assert found.code == 2
    assert "nobody: no run" in found.err


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", ""])
@pytest.mark.parametrize("verb", ["train", "measure", "compress", "bounds"])
def test_other_devices_are_refused_with_those_there_are(verb, device, tmp_path):
    found = genlab(verb, "digits-mlp", "--device", device, "--runs", tmp_path)
    assert found.code == 2
    assert "auto, cpu, cuda or cuda:N" in found.err.replace("\n", " ")


def test_the_directory_of_runs_comes_from_the_environment_or_the_option(tmp_path, monkeypatch):
    made_up_run(tmp_path / "env", "a", "1111")
    made_up_run(tmp_path / "option", "b", "2222")
    monkeypatch.setenv("GENLAB_RUNS", str(tmp_path / "env"))
    assert [row["name"] for row in json.loads(genlab("runs", "ls", "--json").out)] == ["a"]
    assert [row["name"] for row in json.loads(genlab("runs", "ls", "--json", "--runs", tmp_path / "option").out)] == [
        "b"
    ]


def test_the_directory_of_runs_is_runs_where_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("GENLAB_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert genlab("runs", "ls").out == "no runs in runs\n"
