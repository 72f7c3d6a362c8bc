"""`genlab compress`."""

import json

import pandas as pd
import pytest

from tests.cli.command import genlab, refused


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("methods:\n  - {name: svd_truncation, rank: [2, 16]}\n")
    return path


def test_rows_go_to_the_terminal_and_to_the_file_and_nets_beside_it(runs, tiny, config):
    found = genlab("compress", "tiny", "--runs", runs, "--config", config)
    assert found.code == 0
    assert found.err == f"compressing {tiny}\n"
    table = pd.read_csv(tiny / "compression.csv")
    assert list(table["setting"].fillna("")) == ["", "rank=2", "rank=16"]
    assert table["parameters"][1] < table["parameters"][0]
    assert all((tiny / file).exists() for file in table["file"].dropna())
    assert len(list((tiny / "compressed").iterdir())) == 2
    assert "rank=16" in found.out


def test_nets_need_not_be_kept(runs, tiny, config):
    assert genlab("compress", "tiny", "--runs", runs, "--config", config, "--no-save").code == 0
    assert not (tiny / "compressed").exists()


def test_json_and_quiet(runs, tiny, config):
    (result,) = json.loads(genlab("compress", "tiny", "--runs", runs, "--config", config, "--json", "-q").out)
    assert [row["setting"] for row in result["rows"]] == ["", "rank=2", "rank=16"]
    found = genlab("compress", "tiny", "--runs", runs, "--config", config, "-q")
    assert (found.out, found.err) == (f"{tiny}/compression.csv\n", "")


def test_compressing_again_replaces_its_rows_and_keeps_the_others(runs, tiny, config):
    genlab("compress", "tiny", "--runs", runs, "--config", config)
    config.write_text("methods:\n  - {name: svd_truncation, rank: 2, energy: 0.9}\n")
    genlab("compress", "tiny", "--runs", runs, "--config", config)
    settings = pd.read_csv(tiny / "compression.csv")["setting"].fillna("")
    assert sorted(settings) == ["", "energy=0.9", "rank=16", "rank=2"]


def test_a_layer_that_the_net_does_not_have_is_told_with_those_it_has(runs, config):
    config.write_text("methods:\n  - {name: svd_truncation, rank: 2, layers: nowhere}\n")
    found = genlab("compress", "tiny", "--runs", runs, "--config", config)
    refused(found, 2, "nowhere", "; has 1, 3")
