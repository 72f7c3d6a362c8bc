"""`genlab compress`."""

import json

import pandas as pd
import pytest

from genlab.compression.compress_run import load_compressed_net
from genlab.rundir.finished import load_run
from genlab.rundir.run_tables import table_rows
from tests.cli.command import genlab, refused
from tests.rundir.examples import train


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


def test_at_epochs_a_run_is_compressed_along_its_training_and_at_its_end(tmp_path, config):
    run = train(tmp_path, "execution.keep_weights_at=[0,2]", epochs=3).run
    found = genlab("compress", "tiny", "--runs", tmp_path, "--config", config, "--at-epochs")
    assert found.code == 0
    assert found.out.splitlines()[1].split()[:3] == ["method", "setting", "epoch"]
    rows = table_rows(run, "compression")
    assert [(row["epoch"], row["setting"]) for row in rows] == [
        (epoch, setting) for epoch in (0, 2, None) for setting in ("", "rank=2", "rank=16")
    ]
    errors = {row["epoch"]: row["train_error"] for row in table_rows(run, "history")}
    assert [row["train_error"] for row in rows[::3]] == pytest.approx([errors[0], errors[2], errors[3]])
    assert len({row["file"] for row in rows}) == 1 + 2 * 3
    assert all((run.path / row["file"]).is_file() for row in rows if row["file"])
    nets = [load_compressed_net(load_run(run.path), "svd_truncation", "rank=2", epoch) for epoch in (0, 2, None)]
    assert len({float(next(net.parameters()).detach().sum()) for net in nets}) == 3
    before = [row for row in rows if row["epoch"] is not None]
    assert genlab("compress", "tiny", "--runs", tmp_path, "--config", config, "--no-save").code == 0
    assert [row for row in table_rows(run, "compression") if row["epoch"] is not None] == before


def test_what_killed_writers_left_among_the_nets_of_an_epoch_is_cleared_away(tmp_path, config):
    run = train(tmp_path, "execution.keep_weights_at=[0]").run
    left = run.compressed("svd_truncation", "energy=0.9", 0).parent / ".svd_truncation-energy-0.9.safetensors.x1y2.tmp"
    left.parent.mkdir(parents=True)
    left.touch()
    assert genlab("compress", "tiny", "--runs", tmp_path, "--config", config, "--at-epochs").code == 0
    assert not left.exists()


def test_a_compress_config_may_ask_for_epochs_too(tmp_path, config):
    train(tmp_path, "execution.keep_weights_at=[1]")
    config.write_text(config.read_text() + "at_epochs: true\n")
    found = genlab("compress", "tiny", "--runs", tmp_path, "--config", config, "--no-save", "--json")
    assert {row["epoch"] for row in json.loads(found.out)[0]["rows"]} == {1, None}


def test_a_run_that_kept_no_weights_says_how_to_get_them(runs, tiny, config):
    found = genlab("compress", "tiny", "--runs", runs, "--config", config, "--at-epochs")
    refused(found, 1, f"{tiny}: keeps no weights at epochs; `genlab train {tiny} --force")


def test_a_layer_that_the_net_does_not_have_is_told_with_those_it_has(runs, config):
    config.write_text("methods:\n  - {name: svd_truncation, rank: 2, layers: nowhere}\n")
    found = genlab("compress", "tiny", "--runs", runs, "--config", config)
    refused(found, 2, "nowhere", "; has 1, 3")
