"""On real MNIST and CIFAR-10 images, where GENLAB_DATA says that they lie."""

import os
from pathlib import Path

import pytest
import torch

from genlab.compression.compress_run import compress_run
from genlab.compression.settings import read_settings
from genlab.config.load import load_train_config
from genlab.measures.computing.measure_run import measure_run
from genlab.measures.computing.request import read_request
from genlab.rundir.finished import load_run
from genlab.training.progress import Silent
from genlab.training.train_run import train_run

pytestmark = pytest.mark.data


def data_dir(folder):
    """The directory of data sets, which has the folder; the test says that it was skipped where it has not."""
    directory = Path(os.environ.get("GENLAB_DATA", "data"))
    if not (directory / folder).is_dir():
        pytest.skip(f"no {folder} under {directory} (GENLAB_DATA)")
    return directory


def test_two_epochs_on_mnist_reach_less_than_four_per_cent_test_error(tmp_path):
    directory = data_dir("MNIST/raw")
    overrides = ["training.stop.epochs=2", "execution.threads=1", "execution.device=cpu"]
    config = load_train_config("mnist-mlp", overrides).config
    status = train_run(config, runs=tmp_path, data_dir=directory, progress=Silent()).status
    assert status["final"]["test_error"] < 0.04


CIFAR = [
    "name=cifar10-jpeg",
    "data.name=image_folder",
    "data.path=cifar10-jpeg",
    "data.train_size=5000",
    "data.subset=balanced",
    "training.batch_size=64",
    "training.stop.epochs=1",
    "execution.threads=1",
    "execution.device=cpu",
]


@pytest.mark.slow
def test_a_small_vgg_learns_cifar_from_a_folder_of_images_and_is_measured_and_compressed(tmp_path):
    directory = data_dir("cifar10-jpeg")
    config = load_train_config("cifar10-vgg11", CIFAR).config
    result = train_run(config, runs=tmp_path, data_dir=directory, progress=Silent())
    final = result.status["final"]
    assert final["test_error"] < 0.75
    run = load_run(result.run.path, directory)
    assert len(run.dataset.train_images) == 5000
    norms = read_request("norms", None)
    measure_run(run, norms, device=torch.device("cpu"))
    measured = run.measures.set_index("measure")
    assert {measure.name for measure in norms.measures} <= set(measured.index)
    depths = measured.loc[["log_l1_path_norm", "log_l2_path_norm", "log_spectral_norm_operator"], "value"]
    assert depths.notna().all()
    # A net of one epoch does not fit its training set: the margin is negative and is no divisor.
    assert float(measured.loc["margin_5th_percentile", "value"]) < 0
    over_margin = measured[measured.index.str.endswith("_over_margin_5")]
    assert over_margin["value"].isna().all()
    assert over_margin["reason"].notna().all()
    gentle = [setting for setting in read_settings("svd") if setting.label == "energy=0.9"]
    *_, row = compress_run(run, gentle, device=torch.device("cpu"), save=False)
    assert row["setting"] == "energy=0.9"
    assert row["parameters"] < row["original_parameters"]
    assert row["test_error"] < 0.85
