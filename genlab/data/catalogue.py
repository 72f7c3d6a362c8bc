"""The data sets by name, and how a `data` section becomes a `Dataset`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from genlab.config.schema.data import DataConfig
from genlab.data.corruption import corrupted_labels
from genlab.data.dataset import Dataset
from genlab.data.images import ImageSource, apply_geometry
from genlab.data.normalisation import normalisation_of
from genlab.data.subsets import subset_indices
from genlab.errors import ConfigError
from genlab.randomness import generator_for


@dataclass(frozen=True)
class DatasetEntry:
    """A data set: how its files are read, what it is in a line, and where it comes from."""

    load: Callable[[DataConfig, int, Path], ImageSource]
    about: str
    paper: str


def build_dataset(config: DataConfig, *, seed: int, data_dir: Path) -> Dataset:
    """The data set of a run, on the CPU.

    Labels are corrupted before the subset is taken, and the subset is balanced in the true labels: so runs that differ
    only in train_size or corruption share labels and images. Statistics for normalisation are those of all training
    images after `resize` and before all else.

    Args:
        config: the data section.
        seed: the run's seed; from it come the streams "corruption", "subset" and "test_split".
        data_dir: where data sets lie or are downloaded to.

    Raises:
        DataMissingError: files are missing, damaged or something else, each named with the remedy.
        ConfigError: train_size or crop is too large for the data, or another setting does not fit it.
    """
    source = DATASETS[config.name].load(config, seed, data_dir)
    augmentation = config.augmentation
    train_images = apply_geometry(source.train.images, config.resize, 0, None)
    test_images = apply_geometry(source.test.images, config.resize, config.pad, config.crop)
    normalisation = normalisation_of(config.normalisation, train_images)
    true_labels = source.train.labels
    labels = corrupted_labels(
        true_labels,
        len(source.class_names),
        config.labels.corruption,
        generator=generator_for(seed, "corruption"),
    )
    if config.train_size is not None:
        generator = generator_for(seed, "subset")
        chosen = subset_indices(true_labels, config.train_size, config.subset, generator=generator)
        train_images, labels, true_labels = train_images[chosen], labels[chosen], true_labels[chosen]
    # A random window needs what surrounds the central one; evaluation crops to the centre then.
    train_images = apply_geometry(
        train_images,
        None,
        config.pad + augmentation.padding,
        None if augmentation.random_crop else config.crop,
    )
    _, height, width, channels = test_images.shape
    _refuse_small(train_images, height, width, augmentation.random_crop)
    return Dataset(
        train_images=train_images,
        train_labels=labels,
        true_labels=true_labels,
        test_images=test_images,
        test_labels=source.test.labels,
        class_names=source.class_names,
        input_shape=(channels, height, width),
        normalisation=normalisation,
        random_crop=augmentation.random_crop,
        flip=augmentation.flip,
        fingerprint=source.fingerprint,
    )


def data_fingerprint(config: DataConfig, data_dir: Path) -> str | None:
    """The content fingerprint that enters a run's identity: of image_folder; None where the name says what it is.

    Raises:
        DataMissingError: the folder is missing or a file cannot be read.
    """
    if config.name != "image_folder" or config.path is None:
        return None
    from genlab.data.image_folder import fingerprint

    return fingerprint(data_dir, config.path)


def _refuse_small(train_images: torch.Tensor, height: int, width: int, random_crop: bool) -> None:
    """A random window that fits in one place only would silently augment nothing."""
    if random_crop and tuple(train_images.shape[1:3]) == (height, width):
        raise ConfigError.at(
            "data.augmentation.random_crop",
            f"the net's input is the whole {height}x{width} image: set data.augmentation.padding or a data.crop",
        )


def _digits(config: DataConfig, seed: int, data_dir: Path) -> ImageSource:
    from genlab.data.digits import load_digits

    return load_digits()


def _mnist(config: DataConfig, seed: int, data_dir: Path) -> ImageSource:
    from genlab.data.mnist import load_mnist

    return load_mnist(data_dir)


def _cifar10(config: DataConfig, seed: int, data_dir: Path) -> ImageSource:
    from genlab.data.cifar import load_cifar

    return load_cifar("cifar10", data_dir)


def _cifar100(config: DataConfig, seed: int, data_dir: Path) -> ImageSource:
    from genlab.data.cifar import load_cifar

    return load_cifar("cifar100", data_dir)


def _image_folder(config: DataConfig, seed: int, data_dir: Path) -> ImageSource:
    from genlab.data.image_folder import load_image_folder

    assert config.path is not None
    return load_image_folder(
        data_dir,
        config.path,
        resize=config.resize,
        test_fraction=config.test_fraction,
        generator=generator_for(seed, "test_split"),
    )


DATASETS = {
    "digits": DatasetEntry(
        _digits,
        "8x8 grey handwritten digits, 1,347 + 450, come with scikit-learn",
        "Alpaydin and Kaynak 1998, UCI Optical Recognition of Handwritten Digits",
    ),
    "mnist": DatasetEntry(
        _mnist,
        "28x28 grey handwritten digits, 60,000 + 10,000, downloaded on first use",
        "LeCun, Bottou, Bengio and Haffner 1998",
    ),
    "cifar10": DatasetEntry(
        _cifar10,
        "32x32 colour images of 10 classes, 50,000 + 10,000, downloaded on first use",
        "Krizhevsky 2009",
    ),
    "cifar100": DatasetEntry(
        _cifar100,
        "32x32 colour images of 100 classes, 50,000 + 10,000, downloaded on first use",
        "Krizhevsky 2009",
    ),
    "image_folder": DatasetEntry(
        _image_folder,
        "train/CLASS/* and test/CLASS/* of PNG or JPEG images in data.path under the data directory",
        "your own images",
    ),
}
