"""`genlab compress`."""

import json
import shutil
import subprocess
import sys
import time

import pandas as pd
import pytest

from genlab.compression import compress_net as compress_net_module
from genlab.compression import compress_run as compress_run_module
from genlab.compression.compress_run import load_compressed_net
from genlab.config.load import load_train_config
from genlab.rundir.finished import load_run
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_tables import table_rows
from genlab.training.progress import Silent
from genlab.training.train_run import train_run
from tests.cli.command import ENTRY, genlab, refused
from tests.data.examples import write_tree
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
    refused(found, 2, f"{config}:2:5: methods.0.layers: ", "nowhere", "; has 1, 3")


def test_settings_that_cannot_be_are_told_with_file_and_key_and_the_others_are_kept(runs, tiny, config):
    config.write_text(
        "methods:\n  - {name: svd_truncation, rank: 2}\n  - {name: matrix_project, k: 4, layers: nowhere}\n"
        "  - {name: uniform_quantisation, bits: 4}\n"
    )
    found = genlab("compress", "tiny", "--runs", runs, "--config", config)
    assert found.code == 2
    assert [line for line in found.err.splitlines() if line.startswith("genlab: ")] == [
        f"genlab: {config}:3:5: methods.1.layers: the net has no linear or convolutional layer 'nowhere'; has 1, 3"
    ]
    rows = (tiny / "compression.csv").read_text()
    assert [row["setting"] for row in table_rows(RunDirectory(tiny), "compression")] == ["", "rank=2", "bits=4"]
    assert "bits=4" in found.out
    for wrong, key in [
        ("{name: matrix_project, k: 0}", "methods.0.k.0: must be greater than or equal to 1, not 0"),
        ("{name: filter_project, k: 0}", "methods.0.k.0: must be greater than or equal to 1, not 0"),
        ("{name: matrix_project_conv, k: 0}", "methods.0.k.0: must be greater than or equal to 1, not 0"),
        ("{name: svd_truncation, rank: 0}", "methods.0.rank.0: must be greater than or equal to 1, not 0"),
        ("{name: uniform_quantisation, bits: 0}", "methods.0.bits.0: must be greater than or equal to 1, not 0"),
        ("{name: codebook_quantisation, levels: 1}", "methods.0.levels.0: must be greater than or equal to 2, not 1"),
        ("{name: magnitude_pruning, keep: 1.5}", "methods.0.keep.0: must be less than or equal to 1, not 1.5"),
        ("{name: magnitude_pruning, keep: -0.5}", "methods.0.keep.0: must be greater than 0, not -0.5"),
        ("{name: matrix_project, k: 1, retrain: {epochs: 1}}", "methods.0.retrain: matrix_project cannot be trained"),
    ]:
        config.write_text(f"methods:\n  - {wrong}\n  - {{name: svd_truncation, rank: 3}}\n")
        refused(genlab("compress", "tiny", "--runs", runs, "--config", config), 2, f"genlab: {config}:2:", key)
    assert (tiny / "compression.csv").read_text() == rows


def test_a_net_whose_images_are_missing_is_not_trained_again_and_its_rows_are_kept(tmp_path, config):
    pictures = write_tree(tmp_path / "pictures")
    arguments = ("data.name=image_folder", "data.path=pictures", "model.widths=[4]", "training.stop.epochs=1")
    loaded = load_train_config("digits-mlp", [*arguments])
    run = train_run(loaded.config, runs=tmp_path / "runs", data_dir=tmp_path, progress=Silent()).run
    command = ("compress", run.path, "--config", config, "--data-dir", tmp_path, "-q")
    assert genlab(*command).code == 0
    rows = run.compression.read_text()
    shutil.rmtree(pictures)
    config.write_text("methods:\n  - {name: magnitude_pruning, keep: 0.5, retrain: {epochs: 1}}\n")
    refused(genlab(*command), 5, str(pictures))
    assert run.compression.read_text() == rows


SLOW = """\
methods:
  - {name: svd_truncation, rank: [1, 2, 3]}
  - name: magnitude_pruning
    keep: [0.5, 0.2]
    then: [{name: codebook_quantisation, levels: 4}]
    retrain: {epochs: [0, 2]}
  - {name: matrix_project, k: [8, 16]}
"""


def without_clock(run):
    tables = [table_rows(run, name) for name in ("compression", "compression_layers")]
    rows = [[{key: value for key, value in row.items() if key != "seconds"} for row in rows] for rows in tables]
    return [sorted(table, key=lambda row: (row["method"], row["setting"])) for table in rows]


@pytest.mark.parametrize("writes", range(1, 30, 3))
def test_killed_before_any_file_is_written_it_goes_on_with_what_is_missing(writes, runs, tiny, config, monkeypatch):
    """A write of a table or a net is the last thing that a killed process has not done."""
    run, expected = RunDirectory(tiny), RunDirectory(tiny.parent / "undisturbed-000000000000")
    config.write_text(SLOW)
    shutil.copytree(tiny, expected.path)
    assert genlab("compress", tiny, "--config", config, "-q").code == 0
    whole = without_clock(run)
    nets = {path.name: path.read_bytes() for path in (tiny / "compressed").iterdir()}
    shutil.rmtree(tiny)
    shutil.copytree(expected.path, tiny)
    left = [writes]

    def dying(real):
        def write(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(*arguments, **options)

        return write

    with monkeypatch.context() as patched:
        for name in ("replace_rows", "save_compressed"):
            real = getattr(compress_run_module, name)
            patched.setattr(compress_run_module, name, dying(real))
        assert genlab("compress", tiny, "--config", config, "-q").code == 130
    done = {row["setting"] for row in table_rows(run, "compression")}
    made: list[str] = []
    real = compress_net_module.compress_by
    monkeypatch.setattr(compress_net_module, "compress_by", lambda s, *rest: made.append(s.label) or real(s, *rest))
    assert genlab("compress", tiny, "--config", config, "-q", "--missing").code == 0
    assert done.isdisjoint(made), "what is done is not done again"
    assert without_clock(run) == whole
    assert {path.name: path.read_bytes() for path in (tiny / "compressed").iterdir()} == nets
    made.clear()
    assert genlab("compress", tiny, "--config", config, "-q", "--missing").code == 0
    assert made == []


def test_missing_makes_again_what_is_not_all_there(runs, tiny, config):
    run = RunDirectory(tiny)
    assert genlab("compress", tiny, "--config", config, "-q").code == 0
    row = table_rows(run, "compression")[1]
    (tiny / row["file"]).unlink()
    said = genlab("compress", tiny, "--config", config, "--missing", "--json", "-q")
    assert [r["setting"] for r in json.loads(said.out)[0]["rows"]] == ["", row["setting"]]
    assert (tiny / row["file"]).is_file()
    run.compression_layers.unlink()
    said = genlab("compress", tiny, "--config", config, "--missing", "--no-save", "--json", "-q")
    assert len(json.loads(said.out)[0]["rows"]) == 3


def test_a_process_that_is_killed_leaves_what_is_done_and_the_next_goes_on(runs, tiny, config):
    config.write_text(SLOW.replace("[0, 2]", "[0, 2000]"))
    command = [sys.executable, "-c", ENTRY, "compress", str(tiny), "--config", str(config), "-q"]
    victim = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run = RunDirectory(tiny)
    try:
        while victim.poll() is None and not (run.compression.exists() and "then=" in run.compression.read_text()):
            time.sleep(0.02)
    finally:
        victim.kill()
        victim.wait()
    before = table_rows(run, "compression")
    assert len(before) in (5, 6)
    config.write_text(SLOW)
    assert genlab("compress", tiny, "--config", config, "-q", "--missing").code == 0
    after = table_rows(run, "compression")
    assert [row for row in after if row["setting"]][: len(before) - 1] == [row for row in before if row["setting"]]
    assert len(after) == 10


def test_nets_that_a_fresh_process_loads_have_the_errors_that_are_told(runs, tiny, config):
    config.write_text(SLOW + "  - {name: matrix_project_conv, k: 8}\n  - {name: uniform_quantisation, bits: 3}\n")
    assert genlab("compress", tiny, "--config", config, "-q").code == 0
    code = (
        "import sys, json, torch, genlab\n"
        "from genlab.compression.compress_run import load_compressed_net\n"
        "run = genlab.load_run(sys.argv[1])\n"
        "data, errors = run.dataset, []\n"
        "for row in run.compression.to_dict('records')[1:]:\n"
        "    net = load_compressed_net(run, row['method'], row['setting'])\n"
        "    for images, labels in ((data.train_images, data.train_labels), (data.test_images, data.test_labels)):\n"
        "        with torch.no_grad(): outputs = net(data.normalisation(images))\n"
        "        errors.append(float((outputs.argmax(1) != labels).double().mean()))\n"
        "print(json.dumps(errors))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tiny)], capture_output=True, text=True, check=True)
    rows = table_rows(RunDirectory(tiny), "compression")[1:]
    assert json.loads(done.stdout) == [row[f"{part}_error"] for row in rows for part in ("train", "test")]
    assert len(rows) == 11
