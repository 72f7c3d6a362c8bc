from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, WeightedRandomSampler

from genlab.errors import ConfigError
from genlab.measures.computing.loader_images import loader_images

IMAGES = torch.randn(23, 2, 3, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(23) % 5
DATA = TensorDataset(IMAGES, LABELS)


@pytest.mark.parametrize("limit", [None, 0, 500, IMAGES.nbytes, 10**9])
@pytest.mark.parametrize("batch_size", [1, 5, 23, 100])
def test_images_and_labels_come_in_order_whatever_the_batch_and_the_memory(limit, batch_size):
    images, labels = loader_images(DataLoader(DATA, batch_size), limit=limit)
    assert torch.equal(images, IMAGES)
    assert torch.equal(labels, LABELS)


def test_beyond_the_limit_they_lie_in_a_file_that_is_gone_from_its_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    images, _ = loader_images(DataLoader(DATA, 5), limit=100)
    assert "(deleted)" in "".join(
        line for line in Path("/proc/self/maps").read_text().splitlines() if str(tmp_path) in line
    )
    assert torch.equal(images, IMAGES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options", [{"shuffle": True}, {"sampler": WeightedRandomSampler([1.0] * 23, 23)}], ids=["shuffled", "a sampler"]
)
def test_an_order_that_changes_is_refused(options):
    with pytest.raises(ConfigError, match=r"^images: a DataLoader that shuffles .* give it shuffle=False"):
        loader_images(DataLoader(DATA, 5, **options))


class Augmented(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return torch.rand(1, 2, 2), index


class Stream(IterableDataset):
    def __iter__(self):
        yield from zip(IMAGES, LABELS, strict=True)


def test_images_that_change_are_refused():
    with pytest.raises(ConfigError, match="gives other images in each pass; leave out random augmentation"):
        loader_images(DataLoader(Augmented(), 5))


def test_a_stream_is_taken_as_it_comes():
    images, labels = loader_images(DataLoader(Stream(), 4), limit=200)
    assert torch.equal(images, IMAGES)
    assert torch.equal(labels, LABELS)


class Growing(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.zeros(1, 2 + index // 2, 2), index


@pytest.mark.parametrize(
    ("loader", "words"),
    [
        (DataLoader(TensorDataset(IMAGES), 5), "must give batches"),
        (DataLoader([{"x": 1.0}], 1), "must give batches"),
        (DataLoader(TensorDataset(IMAGES[:0], LABELS[:0]), 5), "has no batch"),
        (DataLoader(Growing(), 2), "must be alike; there is"),
        (DataLoader(DATA, 5, drop_last=True), "leaves images out; give it drop_last=False"),
    ],
    ids=["images alone", "dicts", "none", "of different size", "dropped"],
)
def test_batches_of_another_form_are_refused(loader, words):
    with pytest.raises(ConfigError, match=words):
        loader_images(loader)
