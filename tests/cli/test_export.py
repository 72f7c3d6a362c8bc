"""`genlab export`."""

import json

import pytest

from genlab.report.export import destinations
from genlab.report.export.destinations import Destination
from tests.cli.command import genlab, refused


@pytest.fixture
def written(monkeypatch):
    """A tool that takes everything; what it was given."""
    given = []

    def write(run, folder, project):
        given.append((run.name, str(folder), project))
        return folder / run.name if len(given) < 3 else None

    tool = Destination("there", "look {folder}", write)
    monkeypatch.setitem(destinations.DESTINATIONS, "tensorboard", tool)
    return given


def test_each_run_is_handed_on_with_what_was_there_already(runs, written):
    said = genlab("export", "tiny", "half", "--to", "tensorboard", "--runs", runs, "--project", "nets")
    assert said.code == 0
    (first, second) = said.out.splitlines()
    assert first.endswith(f": there/{written[0][0]}")
    assert "half-abcd: there/half-abcd" in second
    assert said.err == "to look at them: look there\n"
    assert written[0][1:] == ("there", "nets")
    again = genlab("export", "tiny", "--to", "tensorboard", "--runs", runs, "-o", "x", "--json", "-q")
    assert json.loads(again.out)[0]["written"] is None
    assert again.err == ""


def test_a_damaged_run_does_not_keep_the_others(runs, tiny, written):
    (tiny / "history.csv").write_text("x\ny\n")
    said = genlab("export", "tiny", "half", "--to", "tensorboard", "--runs", runs)
    assert said.code == 1
    assert "history.csv" in said.err
    assert [name for name, *_ in written] == ["half-abcd"]


def test_what_cannot_be_is_one_line(runs):
    refused(genlab("export", "tiny", "--to", "mlflow", "--online", "--runs", runs), 2, "--online is for wandb")
    refused(genlab("export", "tinny", "--to", "mlflow", "--runs", runs), 2, "no run")
    assert genlab("export", "tiny", "--to", "hiplot", "--runs", runs).code == 2
    assert genlab("export", "tiny", "--runs", runs).code == 2
