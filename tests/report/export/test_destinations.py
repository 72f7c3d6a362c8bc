"""Where runs can be handed on to."""

import tomllib

import pytest

from genlab.errors import UsageError
from genlab.report.export.destinations import DESTINATIONS, destination
from tests.contracts.documents import ROOT


def test_each_has_an_extra_of_its_name():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert DESTINATIONS.keys() <= extras.keys()


@pytest.mark.parametrize("name", DESTINATIONS)
def test_nothing_is_sent_unless_it_is_asked_for(name):
    assert destination(name, online=False) is DESTINATIONS[name]
    if name != "wandb":
        with pytest.raises(UsageError, match="--online is for wandb"):
            destination(name, online=True)


def test_wandb_is_told_whether_to_send(monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr("genlab.report.export.destinations.write_wandb", lambda *arguments, online: told.append(online))
    for online in (False, True):
        destination("wandb", online=online).write(None, tmp_path, "x")
    assert told == [False, True]
