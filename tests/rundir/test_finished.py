"""A finished run read back from Python."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

import genlab
from genlab.errors import GenlabError, UsageError
from genlab.rundir.checkpoints import load_tensors, save_tensors
from genlab.rundir.find import SeveralRunsError
from genlab.rundir.finished import FinishedRun, load_run
from genlab.training.evaluate import evaluate
from genlab.training.net import single_net
from tests.cli.command import genlab as command
from tests.cli.command import refused
from tests.rundir.examples import made_up_run, train


def test_a_run_gives_its_config_data_nets_and_tables(trained):
    run = genlab.load_run(trained.path)
    assert run.config.data.labels.corruption == 0.5
    assert len(run.dataset.train_images) == 200
    assert list(run.history["epoch"]) == [0, 1, 2]
    assert run.measures.empty
    assert run.compression.empty
    assert not run.model.training
    assert run.model is run.model, "read once"


def test_the_net_has_the_errors_of_the_last_row_of_the_history(trained):
    run = load_run(str(trained.path))
    normalised = run.dataset.normalisation(run.dataset.test_images)
    with torch.no_grad():
        wrong = (run.model(normalised).argmax(1) != run.dataset.test_labels).double().mean()
    assert float(wrong) == pytest.approx(run.history["test_error"].iloc[-1], abs=1e-9)
    at_first = evaluate(single_net(run.initial_model), [(normalised, run.dataset.test_labels)])
    assert at_first.loss == pytest.approx(run.history["test_loss"].iloc[0], rel=1e-5)


def test_a_run_is_found_as_on_the_command_line(trained, tmp_path, monkeypatch):
    copy = copy_of(trained, tmp_path / "runs")
    name, _, run_id = copy.name.rpartition("-")
    for target in (run_id, run_id[:5], name, copy.name, "*"):
        assert load_run(target, runs=copy.parent).directory.path == copy
    monkeypatch.setenv("GENLAB_RUNS", str(copy.parent))
    assert load_run(name).directory.path == copy
    monkeypatch.delenv("GENLAB_RUNS")
    monkeypatch.chdir(tmp_path)
    assert load_run(name).directory.path == copy, "in runs/, whole, so that the directory may be changed afterwards"
    made_up_run(copy.parent, name, "0123", config={"seed": 5})
    with pytest.raises(SeveralRunsError, match=r"names 2 runs; give the id of one:\n  0123  .*seed=5"):
        load_run(name)
    with pytest.raises(UsageError, match=r"tniy: no run of that directory, id or name in runs; did you mean"):
        load_run("tniy")


def test_a_run_is_a_short_line_and_a_small_table_in_a_notebook(trained):
    run = load_run(trained.path)
    assert repr(run).startswith(f"<FinishedRun {trained.path.name}: data=digits corruption=0.5 model=mlp")
    assert len(repr(run)) < 200
    assert run._repr_html_().startswith("<table>")


def test_help_lists_all_that_a_run_has():
    public = {name for name in dir(FinishedRun) if not name.startswith("_")} | set(FinishedRun.__annotations__)
    listed = set(re.findall(r"^        (\w+): ", FinishedRun.__doc__, re.MULTILINE))
    assert listed == public


def test_a_directory_that_is_no_finished_run_is_refused(tmp_path):
    with pytest.raises(GenlabError, match="not a run directory"):
        load_run(tmp_path)
    run = made_up_run(tmp_path, state="preempted")
    with pytest.raises(GenlabError, match=r"is preempted, not finished; `genlab train .*` goes on with it"):
        load_run(run.path)


def test_the_data_directory_is_an_argument_or_the_environment_or_data(trained, monkeypatch, tmp_path):
    assert load_run(trained.path, tmp_path).data_dir == tmp_path
    monkeypatch.setenv("GENLAB_DATA", str(tmp_path / "env"))
    assert load_run(trained.path).data_dir == tmp_path / "env"
    monkeypatch.delenv("GENLAB_DATA")
    assert str(load_run(trained.path).data_dir) == "data"


@pytest.mark.parametrize(
    ("keep", "files", "message"),
    [
        ("final", {"final.safetensors"}, None),
        ("none", set(), r"final.safetensors: was not kept \(execution.keep: none\); train the run again: .*keep=all"),
    ],
)
def test_weights_that_were_not_kept(tmp_path, keep, files, message):
    run = load_run(train(tmp_path, f"execution.keep={keep}").run.path)
    assert {path.name for path in run.directory.path.glob("*.safetensors")} == files
    assert run.initial_model is None
    if message:
        with pytest.raises(GenlabError, match=message):
            _ = run.model
    else:
        assert run.model is not None


def copy_of(trained, folder):
    import shutil

    return shutil.copytree(trained.path, folder / trained.path.name)


def test_damaged_weights_are_told_with_the_remedy(trained, tmp_path):
    path = copy_of(trained, tmp_path) / "final.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        GenlabError, match=r"final.safetensors: is damaged .*; train the run again: genlab train .* --force"
    ):
        _ = load_run(path.parent).model
    path.unlink()
    with pytest.raises(GenlabError, match=r"final.safetensors: is missing; train the run again"):
        _ = load_run(path.parent).model


def test_weights_of_another_net_are_told(trained, tmp_path):
    path = copy_of(trained, tmp_path) / "final.safetensors"
    tensors, state = load_tensors(path, "")
    save_tensors(path, {name: tensor[:1] for name, tensor in tensors.items()}, state)
    with pytest.raises(GenlabError, match=r"final.safetensors: does not fit the net of this run's config"):
        _ = load_run(path.parent).model


@pytest.mark.parametrize("table", ["history", "measures", "compression"])
def test_a_damaged_table_names_its_line(trained, tmp_path, table):
    path = copy_of(trained, tmp_path)
    (path / f"{table}.csv").write_text("measure,value\na,1\nb\nc,2\n")
    with pytest.raises(GenlabError, match=rf"{table}.csv:3: damaged: 1 fields where the header has 2"):
        getattr(load_run(path), table)


def test_a_history_that_is_gone_is_told(trained, tmp_path):
    path = copy_of(trained, tmp_path)
    (path / "history.csv").unlink()
    with pytest.raises(GenlabError, match=r"history.csv: .*--force"):
        _ = load_run(path).history


def test_a_run_whose_file_of_labels_has_changed_is_not_measured(tmp_path):
    labels = np.arange(1347) % 10
    np.save(tmp_path / "mine.npy", labels)
    arguments = ("data.labels.file=mine.npy", "model.widths=[4]", "training.stop.epochs=1", "execution.threads=1")
    assert command("train", "digits-mlp", *arguments, "--data-dir", tmp_path, "--runs", tmp_path / "runs").code == 0
    (path,) = (tmp_path / "runs").glob("digits-mlp-*")
    run = load_run(path, tmp_path)
    assert run.dataset.train_labels.tolist() == labels.tolist()
    assert int(run.label_counts["images"].sum()) == 1347
    np.save(tmp_path / "mine.npy", labels[::-1])
    found = command("measure", path, "--data-dir", tmp_path)
    refused(found, 5, "mine.npy", "its labels are not those of", "put the original ones back")
    again = command("train", "digits-mlp", *arguments, "--data-dir", tmp_path, "--runs", tmp_path / "runs")
    assert again.code == 0
    assert len(list((tmp_path / "runs").glob("digits-mlp-*"))) == 2, "other labels are another run"


def test_a_folder_whose_images_have_changed_is_not_measured(tmp_path):
    generator = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in ("a", "b"):
            (tmp_path / "data" / "pictures" / part / name).mkdir(parents=True)
            for number in range(3):
                pixels = generator.integers(0, 256, (8, 8), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "data" / "pictures" / part / name / f"{number}.png")
    arguments = ("data.name=image_folder", "data.path=pictures", "model.widths=[4]", "training.stop.epochs=1")
    arguments += ("training.batch_size=4", "execution.threads=1", "--data-dir", tmp_path / "data")
    assert command("train", "digits-mlp", *arguments, "--runs", tmp_path / "runs").code == 0
    (path,) = (tmp_path / "runs").glob("digits-mlp-*")
    assert len(load_run(path, tmp_path / "data").dataset.train_images) == 6
    Image.new("L", (8, 8)).save(tmp_path / "data" / "pictures" / "train" / "a" / "0.png")
    found = command("measure", path, "--data-dir", tmp_path / "data")
    refused(found, 5, "pictures", "its images are not those of", "put the original ones back")
