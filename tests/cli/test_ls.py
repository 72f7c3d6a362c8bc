"""`genlab ls`."""

import json

import pytest

from genlab.cli.ls import Kind
from genlab.compression.methods import COMPRESSORS
from genlab.config.load import packaged_configs
from genlab.data.catalogue import DATASETS
from genlab.measures import MEASURES
from genlab.models.catalogue import MODELS
from genlab.report.measure_list import measure_list
from genlab.training.optimisers.catalogue import OPTIMISERS
from tests.cli.command import genlab, refused

NAMES = {
    "models": list(MODELS),
    "datasets": list(DATASETS),
    "optimisers": list(OPTIMISERS),
    "measures": list(MEASURES),
    "compressors": list(COMPRESSORS),
    "configs": [name for kind in ("train", "measure", "compress", "sweeps") for name in packaged_configs(kind)],
}


def test_everything_that_can_be_listed_is_tested_here():
    assert {kind.value for kind in Kind} == set(NAMES)


@pytest.mark.parametrize("kind", NAMES)
def test_every_entry_has_a_line_and_a_source(kind):
    found = genlab("ls", kind)
    assert (found.code, found.err) == (0, "")
    assert [line.split()[0] for line in found.out.splitlines()[1:]] == NAMES[kind]
    rows = json.loads(genlab("ls", kind, "--json").out)
    assert [row["name"] for row in rows] == NAMES[kind]
    assert all(value for row in rows for value in row.values())


def test_measures_are_listed_in_markdown_too():
    assert genlab("ls", "measures", "--markdown").out == f"{measure_list()}\n"
    refused(genlab("ls", "models", "--markdown"), 2, "--markdown is for measures, not models")


def test_a_config_comes_with_its_command():
    commands = {row["name"]: row["command"] for row in json.loads(genlab("ls", "configs", "--json").out)}
    assert commands["digits-mlp"] == "genlab train digits-mlp"
