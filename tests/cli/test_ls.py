"""`genlab ls`."""

import json

import pytest

from genlab.bounds import BOUNDS
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
    "bounds": list(BOUNDS),
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
    assert all(value for row in rows for key, value in row.items() if key != "claims")


def test_measures_are_listed_in_markdown_too():
    assert genlab("ls", "measures", "--markdown").out == f"{measure_list()}\n"
    refused(genlab("ls", "models", "--markdown"), 2, "--markdown is for measures, not models")


def test_without_a_kind_there_is_what_can_be_listed_with_numbers():
    lines = genlab("ls").out.splitlines()
    assert [line.split()[:2] for line in lines[1:-1]] == [[kind, str(len(those))] for kind, those in NAMES.items()]
    assert "genlab ls KIND NAME" in lines[-1]
    assert [row["kind"] for row in json.loads(genlab("ls", "--json").out)] == list(NAMES)


def test_a_list_is_filtered_and_an_empty_one_says_so():
    rows = json.loads(genlab("ls", "measures", "--where", "cost=weights", "--search", "path", "--json").out)
    assert {"log_l1_path_norm", "log_l2_path_norm"} <= {row["name"] for row in rows}
    assert all(row["cost"] == "weights" for row in rows)
    assert genlab("ls", "models", "--search", "zzz").out == "no models fit\n"
    refused(genlab("ls", "measures", "--where", "cots=pass"), 2, "did you mean cost?")
    refused(genlab("ls", "--search", "path"), 2, "belong to a kind")


def test_one_thing_is_told_in_full_and_a_name_that_is_none_with_the_nearest():
    found = genlab("ls", "measures", "log_l2_path_norm")
    assert found.out.startswith("log_l2_path_norm\nNatural log of the l2 path norm")
    assert "max_pool = max (or sum): " in found.out
    assert json.loads(genlab("ls", "models", "mlp", "--json").out)["options"]["model.bias"]["default"] is True
    refused(genlab("ls", "models", "mpl"), 2, "mpl: is none of the models; did you mean mlp?")
    refused(genlab("ls", "models", "mlp", "--search", "x"), 2, "are for lists, and this is one")


def test_a_sweep_says_what_it_asks_how_long_it_takes_and_how_many_claims_it_has():
    (row,) = json.loads(genlab("ls", "configs", "--where", "name=neyshabur2017-figure4", "--json").out)
    assert row["asks"].startswith("As a two-layer perceptron grows wider")
    assert (row["takes"], row["claims"], row["kind"]) == ("19 min", 12, "sweep")


def test_a_config_comes_with_its_command():
    commands = {row["name"]: row["command"] for row in json.loads(genlab("ls", "configs", "--json").out)}
    assert commands["digits-mlp"] == "genlab train digits-mlp"
