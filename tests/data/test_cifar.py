import hashlib
import pickle
from urllib.error import URLError

import pytest
import torch
from torchvision import datasets

from genlab.data import cifar
from genlab.errors import DataMissingError
from tests.data.examples import noise, write_cifar_batch

FOLDERS = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def unreachable(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", unreachable)


def md5_of(path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def accept(monkeypatch, kind, folder) -> None:
    """Takes the files as they are now for the originals."""
    for name in ("train_list", "test_list"):
        accepted = [[file, md5_of(folder / file)] for file, _ in getattr(kind, name)]
        monkeypatch.setattr(kind, name, accepted)
    monkeypatch.setattr(kind, "meta", kind.meta | {"md5": md5_of(folder / kind.meta["filename"])})


@pytest.fixture
def cifar10(tmp_path, monkeypatch):
    """Files of CIFAR-10's form with 5 x 4 and 3 images, taken for the originals."""
    folder = tmp_path / FOLDERS["cifar10"]
    monkeypatch.setitem(cifar.KNOWN_TRAIN_SIZE, "cifar10", 20)
    monkeypatch.setattr(cifar, "TEST_SIZE", 3)
    for number in range(1, 6):
        write_cifar_batch(folder / f"data_batch_{number}", noise(4, 32, 32, 3, seed=number), [number, 0, 9, 2])
    write_cifar_batch(folder / "test_batch", noise(3, 32, 32, 3, seed=6), [5, 6, 7])
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [f"class {label}" for label in range(10)]}))
    accept(monkeypatch, datasets.CIFAR10, folder)
    return folder


def refusal(name: str, data_dir) -> str:
    with pytest.raises(DataMissingError) as caught:
        cifar.load_cifar(name, data_dir)
    assert "\n" not in str(caught.value)
    assert "GENLAB_DATA" in str(caught.value)
    return str(caught.value)


def test_images_and_labels_are_those_of_the_files(cifar10, tmp_path):
    source = cifar.load_cifar("cifar10", tmp_path)
    expected = torch.cat([torch.from_numpy(noise(4, 32, 32, 3, seed=number)) for number in range(1, 6)])
    assert torch.equal(source.train.images, expected)
    assert source.train.labels[:8].tolist() == [1, 0, 9, 2, 2, 0, 9, 2]
    assert source.test.labels.tolist() == [5, 6, 7]
    assert source.class_names[3] == "class 3"


def test_cifar100_has_its_fine_labels(tmp_path, monkeypatch):
    folder = tmp_path / FOLDERS["cifar100"]
    monkeypatch.setitem(cifar.KNOWN_TRAIN_SIZE, "cifar100", 4)
    monkeypatch.setattr(cifar, "TEST_SIZE", 2)
    write_cifar_batch(folder / "train", noise(4, 32, 32, 3), [99, 98, 1, 0], key="fine_labels")
    write_cifar_batch(folder / "test", noise(2, 32, 32, 3, seed=1), [50, 51], key="fine_labels")
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"class {label}" for label in range(100)]}))
    accept(monkeypatch, datasets.CIFAR100, folder)
    source = cifar.load_cifar("cifar100", tmp_path)
    assert source.train.labels.tolist() == [99, 98, 1, 0]
    assert len(source.class_names) == 100


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_missing_without_a_network_names_the_files_and_where_they_belong(name, tmp_path):
    message = refusal(name, tmp_path)
    assert str(tmp_path / FOLDERS[name]) in message
    assert "no route to host" in message


def test_a_truncated_batch_is_named(cifar10, tmp_path):
    path = cifar10 / "data_batch_3"
    path.write_bytes(path.read_bytes()[:1000])
    assert f"{path}: is truncated or not the original file (MD5 differs; it has 1000 bytes)" in refusal(
        "cifar10", tmp_path
    )


def test_a_foreign_file_is_never_unpickled(cifar10, tmp_path):
    marker = tmp_path / "was here"

    class Attack:
        def __reduce__(self):
            return marker.write_text, ("",)

    (cifar10 / "test_batch").write_bytes(pickle.dumps(Attack()))
    assert "test_batch: is truncated or not the original" in refusal("cifar10", tmp_path)
    assert not marker.exists()


def test_a_batch_with_other_counts_is_refused(cifar10, tmp_path, monkeypatch):
    write_cifar_batch(cifar10 / "data_batch_1", noise(5, 32, 32, 3), [1, 2, 3, 4, 5])
    accept(monkeypatch, datasets.CIFAR10, cifar10)
    message = refusal("cifar10", tmp_path)
    assert "holds (21, 32, 32, 3) pixels and 21 labels, not 20 images" in message


def test_an_unreadable_pickle_is_one_line(cifar10, tmp_path, monkeypatch):
    (cifar10 / "batches.meta").write_bytes(b"not a pickle\nat all")
    accept(monkeypatch, datasets.CIFAR10, cifar10)
    assert "cannot be read" in refusal("cifar10", tmp_path)
