"""`genlab train`."""

import json

import pytest
import torch

from tests.cli.command import genlab, refused
from tests.rundir.examples import contents

SMALL = ("digits-mlp", "data.train_size=200", "model.widths=[8]", "training.stop.epochs=2", "execution.threads=1")


def test_training_ends_with_the_directory_and_the_errors(tmp_path):
    found = genlab("train", *SMALL, "--runs", tmp_path)
    assert found.code == 0
    (line,) = found.out.splitlines()
    assert line.startswith(f"{tmp_path}/digits-mlp-")
    assert "finished: 2 epochs; train error " in line
    again = genlab("train", *SMALL, "--runs", tmp_path)
    assert again.code == 0
    assert "was finished already (--force starts afresh)" in again.out


def test_quiet_prints_the_result_alone(tmp_path):
    found = genlab("train", *SMALL, "--runs", tmp_path, "-q")
    assert (found.code, found.err, len(found.out.splitlines())) == (0, "", 1)


def test_json_has_the_status_and_the_path(tmp_path):
    for already in (False, True):
        found = genlab("train", *SMALL, "--runs", tmp_path, "--json")
        status = json.loads(found.out)
        assert status["status"] == "finished"
        assert status["already_finished"] is already
        assert status["path"] == str(next(tmp_path.glob("digits-mlp-*")))
        assert 0 <= status["final"]["test_error"] <= 1


def test_a_run_of_no_epochs_has_errors_all_the_same(tmp_path):
    found = genlab("train", *SMALL, "training.stop.epochs=0", "--runs", tmp_path)
    assert found.code == 0
    assert "finished: 0 epochs; train error" in found.out


def test_a_packaged_config_need_not_be_trained_at_all(tmp_path):
    found = genlab("train", "digits-mlp", "training.procedure=none", "--runs", tmp_path)
    assert found.code == 0
    assert "finished: as initialised; train error " in found.out
    assert "was finished already" in genlab("train", "digits-mlp", "training.procedure=none", "--runs", tmp_path).out


def test_starting_afresh_makes_the_same_run_again(tmp_path):
    genlab("train", *SMALL, "--runs", tmp_path)
    (path,) = tmp_path.glob("digits-mlp-*")
    before = contents(path)
    (path / "measures.csv").write_text("old")
    assert genlab("train", *SMALL, "--runs", tmp_path, "--force").code == 0
    after = contents(path)
    assert "measures.csv" not in after
    assert all(before[name] == after[name] for name in ("history.csv", "final.safetensors", "config.yaml"))


def test_a_run_directory_is_a_config(tmp_path):
    genlab("train", *SMALL, "--runs", tmp_path)
    (path,) = tmp_path.glob("digits-mlp-*")
    found = genlab("train", path, "--runs", tmp_path)
    assert "was finished already" in found.out


def test_a_run_out_of_time_is_saved_and_goes_on(tmp_path):
    stopped = genlab("train", *SMALL, "execution.time_budget=1e-9", "--runs", tmp_path)
    line = refused(stopped, 75, "stopped at step 1", "time budget", "goes on")
    (path,) = tmp_path.glob("digits-mlp-*")
    assert f"`genlab train {path}`" in line
    finished = genlab("train", *SMALL, "--runs", tmp_path)
    assert "finished: 2 epochs" in finished.out
    assert genlab("train", *SMALL, "--runs", tmp_path / "undisturbed").code == 0
    (undisturbed,) = (tmp_path / "undisturbed").glob("digits-mlp-*")
    assert (path / "history.csv").read_bytes() == (undisturbed / "history.csv").read_bytes()


def test_the_device_is_an_override(tmp_path):
    found = genlab("train", *SMALL, "--runs", tmp_path, "--device", "cpu")
    assert found.code == 0
    (path,) = tmp_path.glob("digits-mlp-*")
    assert json.loads((path / "provenance.json").read_text())["execution"]["device"] == "cpu"


@pytest.mark.skipif(torch.cuda.device_count() > 9, reason="this machine has the device that must be missing")
def test_a_device_that_is_not_here_is_a_config_error_with_the_option_that_asked(tmp_path):
    found = genlab("train", *SMALL, "--runs", tmp_path, "--device", "cuda:9")
    refused(found, 2, "override 'execution.device=cuda:9'", "cuda:9 is not on this machine", "use cpu or auto")


def test_all_problems_of_a_config_are_told_a_line_each(tmp_path):
    found = genlab("train", "digits-mlp", "training.batch_sise=3", "seed=x", "--runs", tmp_path / "runs")
    assert found.code == 2
    assert found.out == ""
    assert len(found.err.splitlines()) == 2
    assert not (tmp_path / "runs").exists(), "nothing is made for a config that is wrong"


def test_a_run_directory_goes_on_where_it_lies(tmp_path, monkeypatch):
    stopped = genlab("train", *SMALL, "execution.time_budget=0.000001", "--runs", tmp_path / "runs")
    (path,) = (tmp_path / "runs").glob("digits-mlp-*")
    assert stopped.code == 75
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert genlab("train", path, "execution.time_budget=null").code == 0
    assert not list(elsewhere.iterdir())
    assert "was finished already" in genlab("train", path).out


def test_starting_afresh_on_a_device_that_is_not_here_loses_nothing(tmp_path):
    genlab("train", *SMALL, "--runs", tmp_path)
    (path,) = tmp_path.glob("digits-mlp-*")
    before = contents(path)
    refused(genlab("train", *SMALL, "--runs", tmp_path, "--force", "--device", "cuda:99"), 2, "cuda:99")
    assert contents(path) == before


def test_a_damaged_status_is_made_anew_where_it_lies(tmp_path, monkeypatch):
    genlab("train", *SMALL, "--runs", tmp_path / "runs")
    (path,) = (tmp_path / "runs").glob("digits-mlp-*")
    (path / "status.json").unlink()
    monkeypatch.chdir(tmp_path)
    assert genlab("train", path).code == 0
    assert (path / "status.json").exists()
    assert sorted(p.name for p in (tmp_path / "runs").iterdir() if not p.name.startswith(".")) == [path.name]


@pytest.mark.skipif(torch.cuda.is_available(), reason="tf32 is a precision of the GPU that is here")
def test_tf32_is_refused_on_a_cpu(tmp_path):
    refused(genlab("train", *SMALL, "training.precision=tf32", "--runs", tmp_path), 2, "training.precision", "float32")


def test_batch_norm_of_one_image_is_refused(tmp_path):
    for one in ("training.batch_size=1", "data.train_size=1"):
        found = genlab("config", "check", "cifar10-neyshabur-vgg", one)
        refused(found, 2, one.partition("=")[0], "batch norm", "fewer than 2 images")
