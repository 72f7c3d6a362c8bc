"""Train, measure, compress and look, as a user does."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
import torch
from PIL import Image

import genlab
from genlab.data.batches import evaluation_batches
from genlab.errors import GenlabError
from tests.training.examples import small_config, stop_at, trained

COMMAND = "import sys; from genlab.cli.app import main; sys.argv = ['genlab', *sys.argv[1:]]; main()"


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    runs = tmp_path_factory.mktemp("demo")
    done = command("demo", "--runs", runs, "--json")
    assert done.returncode == 0, done.stderr
    return runs, json.loads(done.stdout)


def of(demo, corruption):
    """The finished run with so much label corruption."""
    table = genlab.load_runs(demo[0])
    (path,) = table[table["data.labels.corruption"] == corruption]["path"]
    return genlab.load_run(path)


def test_all_three_nets_fit_their_training_set_and_true_labels_beat_random_ones_in_test_error(demo):
    rows = {row["labels"]: row for row in demo[1]["rows"]}
    assert list(rows) == ["true labels", "half corrupted", "random labels"]
    assert all(row["train error %"] == 0 for row in rows.values())
    assert rows["true labels"]["test error %"] < 5
    assert 15 < rows["half corrupted"]["test error %"] < 60
    assert rows["random labels"]["test error %"] > 80


def test_nets_of_random_labels_have_larger_norms_over_margins(demo):
    rows = {row["labels"]: row for row in demo[1]["rows"]}
    for measure in ("ln path norm²/margin²", "ln spectral²/margin²"):
        assert rows["random labels"][measure] > rows["true labels"][measure]
    assert all(row["margin"] > 0 for row in rows.values())


def test_the_figure_is_a_picture(demo):
    with Image.open(demo[1]["figure"]) as figure:
        assert figure.format == "PNG"
        assert min(figure.size) > 300
        assert len(figure.getcolors(maxcolors=figure.width * figure.height)) > 10


def test_the_table_of_runs_has_config_keys_and_errors(demo):
    table = genlab.load_runs(demo[0])
    assert sorted(table["data.labels.corruption"]) == [0.0, 0.5, 1.0]
    assert set(table["status"]) == {"finished"}
    assert (table["final.train_error"] == 0).all()


@pytest.mark.parametrize("corruption", [0.0, 0.5, 1.0])
def test_a_loaded_net_has_the_errors_of_the_last_row_of_its_history(demo, corruption):
    run = of(demo, corruption)
    data, last = run.dataset, run.history.iloc[-1]
    assert abs(data.corrupted.double().mean().item() - 0.9 * corruption) < 0.05
    for images, labels, name in (
        (data.train_images, data.train_labels, "train_error"),
        (data.test_images, data.test_labels, "test_error"),
    ):
        batches = evaluation_batches(images, labels, data.normalisation, data.input_size, 200)
        with torch.no_grad():
            wrong = sum(int((run.model(batch).argmax(1) != truth).sum()) for batch, truth in batches)
        assert wrong / len(labels) == last[name]
    assert run.initial_model is not None
    before, after = run.initial_model.state_dict(), run.model.state_dict()
    assert all(not torch.equal(before[name], after[name]) for name in after if name.endswith("weight"))


@pytest.mark.parametrize("corruption", [0.0, 1.0])
def test_measures_and_compression_lie_beside_the_run(demo, corruption):
    run = of(demo, corruption)
    measures = run.measures
    assert {"measure", "layer", "value", "unit", "reason"} <= set(measures.columns)
    assert (measures["value"].notna() | measures["reason"].notna()).all()
    assert len(pd.read_csv(run.directory.measure_table("margin_distribution"))) == 101
    compression = run.compression
    assert (compression["parameters"] > 0).all()
    gentlest = compression[compression["setting"] == "energy=0.99"].iloc[0]
    assert gentlest["train_error"] < 0.05


def test_the_demonstration_again_trains_nothing_and_says_the_same(demo):
    runs, found = demo
    before = {path: path.stat().st_mtime_ns for path in runs.glob("*/final.safetensors")}
    done = command("demo", "--runs", runs, "-q")
    assert done.returncode == 0
    assert {path: path.stat().st_mtime_ns for path in runs.glob("*/final.safetensors")} == before
    assert done.stdout.splitlines()[-1] == f"figure: {runs / 'demo.png'}"
    for row in found["rows"]:
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(row["labels"])]
        assert str(row["epochs"]) in line.split()


def test_measuring_some_again_replaces_those_rows_and_keeps_the_others(demo):
    run = of(demo, 0.0).directory
    before = pd.read_csv(run.measures)
    done = command("measure", run.path, "--only", "parameter_count,log_l2_path_norm", "--json")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    after = pd.read_csv(run.measures)
    again = ("parameter_count", "log_l2_path_norm")
    kept = before[~before["measure"].isin(again)].reset_index(drop=True)
    pd.testing.assert_frame_equal(after[~after["measure"].isin(again)].reset_index(drop=True), kept)
    assert set(again) <= set(after["measure"])


def test_an_unfinished_run_is_not_loaded_and_the_way_on_is_named(tmp_path):
    with pytest.raises(GenlabError, match="stopped at step 3"):
        trained(small_config(), tmp_path, stop_at(3))
    (path,) = tmp_path.glob("small-*")
    with pytest.raises(GenlabError, match=r"is preempted, not finished; `genlab train .*` goes on with it"):
        genlab.load_run(path)
