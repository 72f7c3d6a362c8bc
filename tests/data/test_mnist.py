from urllib.error import URLError

import numpy as np
import pytest
import torch

from genlab.data import mnist
from genlab.errors import DataMissingError
from tests.data.examples import noise, write_idx


@pytest.fixture
def no_network(monkeypatch):
    def unreachable(*_: object) -> None:
        print("Downloading http://...")
        raise URLError("no route to host\n(twice)")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", unreachable)


@pytest.fixture
def raw(tmp_path, monkeypatch):
    """A data set of MNIST's form with 20 and 6 images, taken for the original."""
    folder = tmp_path / "MNIST" / "raw"
    monkeypatch.setitem(mnist.KNOWN_TRAIN_SIZE, "mnist", 20)
    monkeypatch.setattr(mnist, "TEST_SIZE", 6)
    for prefix, count in (("train", 20), ("t10k", 6)):
        write_idx(folder / f"{prefix}-images-idx3-ubyte", noise(count, 28, 28, seed=count))
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8) % 10)
    shapes = {name: ((20 if "train" in name else 6), *((28, 28) if "images" in name else ())) for name in mnist.FILES}
    md5s = {name: mnist.read_idx(folder / name, shape)[1] for name, shape in shapes.items()}
    monkeypatch.setattr(mnist, "FILES", md5s)
    return folder


def refusal(data_dir) -> str:
    with pytest.raises(DataMissingError) as caught:
        mnist.load_mnist(data_dir)
    message = str(caught.value)
    assert "\n" not in message
    assert "GENLAB_DATA" in message
    return message


def test_images_and_labels_are_those_of_the_files(raw, tmp_path):
    source = mnist.load_mnist(tmp_path)
    assert torch.equal(source.train.images, torch.from_numpy(noise(20, 28, 28, seed=20)).unsqueeze(3))
    assert source.test.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert source.test.labels.dtype == torch.int64
    assert source.fingerprint is None


def test_missing_without_a_network_names_the_files_and_where_they_belong(no_network, tmp_path, capsys):
    message = refusal(tmp_path)
    assert str(tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte") in message
    assert "t10k-labels-idx1-ubyte" in message
    assert "no route to host (twice)" in message
    assert capsys.readouterr().out == ""


def test_a_single_missing_file_is_the_one_named(no_network, raw, tmp_path):
    (raw / "t10k-images-idx3-ubyte").unlink()
    message = refusal(tmp_path)
    assert "t10k-images-idx3-ubyte is missing" in message
    assert "train-images" not in message


def test_a_data_directory_that_cannot_be_made_is_one_line(no_network, tmp_path):
    (tmp_path / "file").write_text("")
    assert "could not be downloaded" in refusal(tmp_path / "file" / "data")


def test_a_truncated_file_is_named_with_its_length(raw, tmp_path):
    path = raw / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-100])
    message = refusal(tmp_path)
    assert f"{path}: has 15596 bytes where its header says 15696" in message


def test_a_file_cut_within_its_header_is_named(raw, tmp_path):
    path = raw / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:5])
    assert f"{path}: is not an idx file" in refusal(tmp_path)


def test_a_web_page_saved_in_place_of_the_file_is_not_an_idx_file(raw, tmp_path):
    path = raw / "t10k-images-idx3-ubyte"
    path.write_bytes(b"<!DOCTYPE html><html>not found</html>")
    assert f"{path}: is not an idx file of bytes in 3 dimensions" in refusal(tmp_path)


def test_images_of_another_shape_or_number_are_refused(raw, tmp_path):
    path = write_idx(raw / "train-images-idx3-ubyte", noise(20, 27, 28))
    assert f"{path}: holds 20x27x28 values, not 20x28x28" in refusal(tmp_path)


def test_another_data_set_of_the_same_form_is_refused(raw, tmp_path):
    path = write_idx(raw / "t10k-images-idx3-ubyte", noise(6, 28, 28, seed=99))
    assert f"{path}: has the size of MNIST's file and other content" in refusal(tmp_path)


def test_the_files_are_downloaded_only_where_one_is_missing(raw, tmp_path, monkeypatch, capsys):
    kept = (raw / "t10k-labels-idx1-ubyte").read_bytes()
    calls = []

    def download(dataset: object) -> None:
        print("Extracting ...")
        calls.append(dataset)
        (raw / "t10k-labels-idx1-ubyte").write_bytes(kept)

    monkeypatch.setattr("torchvision.datasets.MNIST.download", download)
    mnist.load_mnist(tmp_path)
    assert calls == []
    (raw / "t10k-labels-idx1-ubyte").unlink()
    assert len(mnist.load_mnist(tmp_path).test) == 6
    assert len(calls) == 1
    assert capsys.readouterr().out == ""
