"""A run directory of the first version still loads, lists, measures and compresses.

`old_runs/` has one as commit 17f6ab7 wrote it, made by

    genlab train digits-mlp name=first model.widths=[8] data.labels.corruption=0.5 data.train_size=200 ...
    genlab measure first (frobenius_norm, incoming_norms, hessian_eigenvalues with largest: 3, smallest: 1, ...)
    genlab measure first (log_l2_path_norm with max_pool: sum)
    genlab compress first (svd_truncation with rank: [1])

with the place and the machine taken out of its provenance. Files of that version know no epochs, and a measure that is
a table had one file that was replaced whatever its options.
"""

import json
import shutil
from pathlib import Path

import pytest
import torch

import genlab as package
from genlab.compression.compress_run import load_compressed_net
from genlab.config.identity import run_id
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_tables import table_rows
from genlab.rundir.tables import read_table
from genlab.sweeps.expected_rows import ExpectedRows
from genlab.training.evaluate import evaluate
from genlab.training.net import single_net
from tests.cli.command import genlab
from tests.rundir.examples import contents

OLD = next((Path(__file__).parent / "old_runs").iterdir())
LARGEST = json.dumps({"largest": 3, "smallest": 1}, separators=(",", ":"))


@pytest.fixture
def runs(tmp_path):
    shutil.copytree(OLD, tmp_path / "runs" / OLD.name)
    return tmp_path / "runs"


@pytest.fixture
def run(runs):
    return RunDirectory(runs / OLD.name)


def done(*arguments, runs):
    found = genlab(*arguments, "--runs", runs)
    assert found.code == 0, found.err
    return found


def test_it_has_the_files_of_the_first_version():
    assert (OLD / "measures.csv").read_text().splitlines()[0].startswith("measure,layer,value,")
    assert (OLD / "compression.csv").read_text().splitlines()[0].startswith("method,setting,file,")
    assert (OLD / "measures" / "incoming_norms.csv").read_text().splitlines()[0] == "layer,rank,ratio"
    assert "keep_weights_at" not in (OLD / "config.yaml").read_text()


def test_it_is_the_run_of_its_config_and_is_not_trained_again(runs, run):
    loaded = package.load_run(run.path)
    assert run_id(loaded.config) == run.run_id
    found = done("train", run.path, runs=runs)
    assert "was finished already" in found.out


def test_it_loads_with_its_net_and_tables(run):
    before = contents(run.path)
    loaded = package.load_run(run.path)
    images = loaded.dataset.normalisation(loaded.dataset.test_images)
    on_test = evaluate(single_net(loaded.model), [(images, loaded.dataset.test_labels)])
    assert on_test.error == pytest.approx(loaded.history["test_error"].iloc[-1], abs=1e-9)
    assert on_test.loss == pytest.approx(loaded.history["test_loss"].iloc[-1], rel=1e-4)
    assert loaded.initial_model is not None
    assert loaded.epochs == ()
    norms = loaded.measures[loaded.measures["measure"] == "frobenius_norm"]
    assert norms["layer"].tolist() == ["1", "3"]
    assert set(norms["layer"]) <= dict(loaded.model.named_modules()).keys()
    assert norms["options"].tolist() == ["", ""]
    assert loaded.measures["epoch"].isna().all()
    assert loaded.compression["epoch"].isna().all()
    assert loaded.compression["setting"].tolist() == ["", "rank=1"]
    assert loaded.measure_table("incoming_norms")["layer"].tolist() == ["1"] * 8 + ["3"] * 10
    assert set(loaded.measure_table("hessian_eigenvalues")["options"]) == {LARGEST}
    assert loaded.measure_table("hessian_eigenvalues")["eigenvalue"].iloc[0] == pytest.approx(3.913, abs=1e-3)
    assert contents(run.path) == before, "reading writes nothing"


def test_it_is_listed_shown_and_compared(runs, run):
    assert "first" in done("runs", "ls", runs=runs).out
    (shown,) = json.loads(done("runs", "show", "first", "--json", runs=runs).out)
    assert shown["id"] == run.run_id
    assert "weights_at" not in shown
    assert done("runs", "diff", "first", run.run_id, runs=runs).out == "no difference\n"
    (row,) = package.load_runs(runs).to_dict("records")
    assert row["measure.log_l2_path_norm"] == row["measure.log_l2_path_norm[max_pool=sum]"] != 0
    assert (row["model.widths"], row["measure.steps_to_loss"]) == (8, None)


def test_what_it_has_is_done(run):
    rows = {("frobenius_norm", ""), ("incoming_norms", ""), ("hessian_eigenvalues", LARGEST)}
    expected = ExpectedRows(frozenset(rows), frozenset({("svd_truncation", "rank=1")}))
    assert expected.done(run)
    more = ExpectedRows(frozenset({*rows, ("hessian_eigenvalues", "")}), frozenset())
    assert more.measures_left(run) == {None: {("hessian_eigenvalues", "")}}


def test_it_is_measured_again_and_what_is_not_stays_to_the_letter(runs, run):
    before = read_table(run.measures)
    values = {(row["measure"], row["layer"], row["options"]): row["value"] for row in table_rows(run, "measures")}
    names = "frobenius_norm,log_l2_path_norm,margin_5th_percentile,incoming_norms,hessian_eigenvalues"
    done("measure", "first", "--only", names, runs=runs)
    after = read_table(run.measures)
    replaced = {(name, "") for name in names.split(",")}
    stayed = [row for row in before if (row["measure"], row["options"]) not in replaced]
    assert after[: len(stayed)] == [{**row, "epoch": ""} for row in stayed]
    for row in table_rows(run, "measures"):
        if (row["measure"], row["options"]) in replaced and row["value"] is not None:
            assert row["value"] == pytest.approx(values[row["measure"], row["layer"], row["options"]], rel=1e-6)
    eigenvalues = table_rows(run, "measures/hessian_eigenvalues")
    assert [row["options"] for row in eigenvalues] == [LARGEST] * 4 + [""] * 12
    assert eigenvalues[0]["eigenvalue"] == pytest.approx(eigenvalues[4]["eigenvalue"], rel=1e-6)
    norms = table_rows(run, "measures/incoming_norms")
    expected = [line.split(",") for line in (OLD / "measures" / "incoming_norms.csv").read_text().splitlines()[1:]]
    assert [row["layer"] for row in norms] == [layer for layer, _, _ in expected]
    assert [row["ratio"] for row in norms] == pytest.approx([float(ratio) for *_, ratio in expected], rel=1e-6)


def test_it_is_compressed_again_and_its_compressed_net_loads(runs, run, tmp_path):
    loaded = package.load_run(run.path)
    net = load_compressed_net(loaded, "svd_truncation", "rank=1")
    images = loaded.dataset.normalisation(loaded.dataset.test_images)
    with torch.no_grad():
        wrong = (net(images).argmax(1) != loaded.dataset.test_labels).double().mean()
    assert float(wrong) == pytest.approx(loaded.compression["test_error"].iloc[-1], abs=1e-9)
    config = tmp_path / "c.yaml"
    config.write_text("methods: [{name: svd_truncation, rank: [1, 2]}]\n")
    before = table_rows(run, "compression")
    done("compress", "first", "--config", config, runs=runs)
    after = table_rows(run, "compression")
    assert [(row["method"], row["setting"], row["epoch"]) for row in after] == [
        ("none", "", None),
        ("svd_truncation", "rank=1", None),
        ("svd_truncation", "rank=2", None),
    ]
    for column in ("parameters", "bits", "train_error", "test_error", "margin_loss"):
        assert [row[column] for row in after[:2]] == [row[column] for row in before]


def test_weights_at_epochs_are_asked_for_in_vain(runs, run):
    found = genlab("measure", "first", "--at-epochs", "--only", "frobenius_norm", "--runs", runs)
    assert found.code == 1
    assert f"{run.path}: keeps no weights at epochs; `genlab train {run.path} --force" in found.err
