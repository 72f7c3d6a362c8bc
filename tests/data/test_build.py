import os
from pathlib import Path

import pytest
import torch

from genlab.config.schema.data import KNOWN_CLASSES, KNOWN_IMAGE_SIZE, KNOWN_TRAIN_SIZE, DataConfig
from genlab.data.build import build_dataset, data_fingerprint
from genlab.data.dataset import Dataset
from genlab.errors import ConfigError
from tests.data.examples import write_tree

REAL_DATA = os.environ.get("GENLAB_DATA")


def real_data(path: str) -> pytest.MarkDecorator:
    there = REAL_DATA is not None and (Path(REAL_DATA) / path).is_dir()
    return pytest.mark.skipif(not there, reason=f"needs {path} in the directory that GENLAB_DATA names")


def digits(seed: int = 0, **settings: object) -> Dataset:
    return build_dataset(DataConfig(name="digits", **settings), seed=seed, data_dir=Path("nowhere"))


def refusal(**settings: object) -> str:
    with pytest.raises(ConfigError) as caught:
        digits(**settings)
    return str(caught.value)


def test_what_the_schema_knows_of_digits_beforehand_is_so():
    dataset = digits()
    assert len(dataset.train_images) == KNOWN_TRAIN_SIZE["digits"]
    assert dataset.classes == KNOWN_CLASSES["digits"]
    assert dataset.input_shape == (1, KNOWN_IMAGE_SIZE["digits"], KNOWN_IMAGE_SIZE["digits"])


@pytest.mark.parametrize(
    "settings", [{}, {"resize": 12}, {"pad": 3}, {"crop": 6}, {"resize": 20, "pad": 2, "crop": 22}]
)
def test_the_size_that_the_schema_works_out_is_the_size_of_the_images(settings):
    dataset = digits(**settings)
    size = DataConfig(name="digits", **settings).known_output_size
    assert dataset.input_shape == (1, size, size)
    assert dataset.train_images.shape[1:] == dataset.test_images.shape[1:] == (size, size, 1)


def test_subsets_of_different_size_and_corruption_share_images_and_labels():
    full = digits(labels={"corruption": 0.5})
    large = digits(train_size=300, labels={"corruption": 0.5})
    small = digits(train_size=100, labels={"corruption": 0.5})
    clean = digits(train_size=100)

    def rows(dataset: Dataset) -> set[tuple[int, ...]]:
        labels = dataset.train_labels.unsqueeze(1)
        return set(map(tuple, torch.cat([dataset.train_images.flatten(1).long(), labels], 1).tolist()))

    assert rows(small) < rows(large) < rows(full)
    assert torch.equal(clean.train_images, small.train_images)
    assert torch.equal(clean.true_labels, small.true_labels)
    assert not bool(clean.corrupted.any())
    assert bool(small.corrupted.any())


def test_balance_is_in_the_true_labels_under_random_ones():
    dataset = digits(train_size=200, subset="balanced", labels={"corruption": "random"})
    assert torch.bincount(dataset.true_labels).tolist() == [20] * 10
    assert torch.bincount(dataset.train_labels).tolist() != [20] * 10


def test_test_labels_stay_true():
    assert torch.equal(digits(labels={"corruption": 1.0}).test_labels, digits().test_labels)


def test_a_part_of_the_test_set_is_the_same_for_every_seed_and_within_each_larger_one():
    whole, some, other, more = digits(), digits(test_size=50), digits(seed=1, test_size=50), digits(test_size=80)
    assert (len(some.test_images), len(some.test_labels)) == (50, 50)
    assert torch.equal(some.test_images, other.test_images)
    images = {
        image.numpy().tobytes(): int(label) for image, label in zip(whole.test_images, whole.test_labels, strict=True)
    }
    larger = {image.numpy().tobytes() for image in more.test_images}
    for image, label in zip(some.test_images, some.test_labels, strict=True):
        assert images[image.numpy().tobytes()] == int(label)
        assert image.numpy().tobytes() in larger
    assert torch.equal(some.train_images, whole.train_images)
    assert torch.equal(digits(test_size=450).test_images, whole.test_images)
    assert len(torch.unique(some.test_labels)) == 10, "not the first of the set"


def test_a_part_of_the_test_set_is_randomised_as_the_whole_is():
    whole, some = (digits(inputs={"name": "random_pixels"}, test_size=size) for size in (None, 20))
    known = {image.numpy().tobytes() for image in whole.test_images}
    assert all(image.numpy().tobytes() in known for image in some.test_images)


def test_statistics_are_of_all_training_images_whatever_the_seed_subset_padding_and_crop():
    base = digits().normalisation
    for other in (digits(seed=9, train_size=50), digits(pad=4), digits(crop=4)):
        assert torch.equal(other.normalisation.mean, base.mean)
        assert torch.equal(other.normalisation.std, base.std)
    pixels = digits().train_images.double() / 255
    assert torch.allclose(base.mean, pixels.mean().view(1), rtol=1e-12)
    assert torch.allclose(base.std, pixels.std(correction=0).view(1), rtol=1e-12)


def test_a_random_crop_keeps_what_surrounds_the_centre():
    dataset = digits(crop=6, augmentation={"random_crop": True, "padding": 2, "flip": True})
    assert dataset.train_images.shape == (1347, 12, 12, 1)
    assert dataset.test_images.shape == (450, 6, 6, 1)
    assert dataset.random_crop_range == (7, 7)
    assert dataset.flip
    plain = digits(crop=6)
    assert torch.equal(dataset.train_images[:, 3:9, 3:9], plain.train_images)
    assert torch.equal(dataset.test_images, plain.test_images)


def test_a_random_crop_without_padding_is_a_window_of_the_image_itself():
    """Zhang et al. 2017: 28x28 of the 32x32 pixels of CIFAR-10, the central ones in evaluation."""
    dataset = digits(crop=6, normalisation="image", augmentation={"random_crop": True})
    assert dataset.train_images.shape == (1347, 8, 8, 1)
    assert dataset.input_shape == (1, 6, 6)
    assert dataset.random_crop_range == (3, 3)
    assert torch.equal(dataset.train_images, digits().train_images)
    assert torch.equal(dataset.test_images, digits().test_images[:, 1:7, 1:7])


def test_images_that_are_turned_keep_what_surrounds_the_centre():
    dataset = digits(crop=6, augmentation={"rotation": 25.0})
    assert dataset.rotation == 25
    assert torch.equal(dataset.train_images, digits().train_images)
    assert torch.equal(dataset.test_images, digits(crop=6).test_images)


def test_what_does_not_fit_the_data_names_its_key():
    assert refusal(train_size=1348).startswith("data.train_size: 1348 is above the 1347")
    assert refusal(train_size=1340, subset="balanced").startswith("data.train_size: ")
    assert refusal(test_size=451) == "data.test_size: 451 is above the 450 test images there are"
    assert refusal(crop=9).startswith("data.crop: 9 is larger than the images, which are 8x8")
    assert refusal(augmentation={"random_crop": True}).startswith("data.augmentation.random_crop: ")


def test_only_an_image_folder_has_a_fingerprint(tmp_path):
    write_tree(tmp_path / "pets")
    config = DataConfig(name="image_folder", path="pets")
    dataset = build_dataset(config, seed=0, data_dir=tmp_path)
    assert dataset.input_shape == (3, 6, 6)
    assert dataset.fingerprint == data_fingerprint(config, tmp_path) is not None
    assert data_fingerprint(DataConfig(name="digits"), tmp_path) is None


@pytest.mark.data
@real_data("MNIST")
def test_real_mnist_has_its_published_sizes_and_statistics():
    dataset = build_dataset(DataConfig(name="mnist"), seed=0, data_dir=Path(str(REAL_DATA)))
    assert len(dataset.train_images) == KNOWN_TRAIN_SIZE["mnist"]
    assert dataset.test_images.shape == (10_000, 28, 28, 1)
    assert dataset.classes == KNOWN_CLASSES["mnist"]
    assert dataset.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert float(dataset.normalisation.mean) == pytest.approx(0.1307, abs=5e-5)
    assert float(dataset.normalisation.std) == pytest.approx(0.3081, abs=5e-5)


@pytest.mark.data
@real_data("cifar10-jpeg")
def test_a_real_folder_of_60_000_jpeg_images():
    config = DataConfig(name="image_folder", path="cifar10-jpeg", train_size=1000, subset="balanced")
    dataset = build_dataset(config, seed=0, data_dir=Path(str(REAL_DATA)))
    assert dataset.train_images.shape == (1000, 32, 32, 3)
    assert dataset.test_images.shape == (10_000, 32, 32, 3)
    assert torch.bincount(dataset.true_labels).tolist() == [100] * 10
    assert torch.bincount(dataset.test_labels).tolist() == [1000] * 10
    assert dataset.class_names[9] == "truck"
    assert dataset.normalisation.mean.tolist() == pytest.approx([0.491, 0.482, 0.447], abs=2e-3)
    assert dataset.normalisation.std.tolist() == pytest.approx([0.247, 0.243, 0.262], abs=3e-3)
