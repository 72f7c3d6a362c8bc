"""`genlab demo`; what it finds is tested with the main job in tests/end_to_end."""

import json

import pytest

from genlab.report.demo import Demo
from tests.cli.command import genlab


@pytest.fixture
def found(monkeypatch, tmp_path):
    """Takes the place of the demonstration itself, which takes long."""
    rows = [
        {"labels": label, "test error %": error} for label, error in (("true labels", 2.0), ("random labels", 90.0))
    ]
    calls = []

    def run_demo(runs, data_dir, progress):
        calls.append((runs, data_dir, type(progress).__name__))
        return Demo(rows, tmp_path / "demo.png")

    monkeypatch.setattr("genlab.report.demo.run_demo", run_demo)
    return calls


def test_the_demonstration_ends_with_a_table_and_the_path_of_the_figure(found, tmp_path):
    done = genlab("demo", "--runs", tmp_path)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["labels", "test", "error", "%"]
    assert lines[-1] == f"figure: {tmp_path}/demo.png"
    assert found[0][0] == tmp_path
    assert found[0][2] == "Reporting"


def test_json_and_quiet(found, tmp_path):
    done = genlab("demo", "--runs", tmp_path, "--json", "-q")
    assert json.loads(done.out)["rows"][1]["labels"] == "random labels"
    assert found[0][2] == "Silent"
