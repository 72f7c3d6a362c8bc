"""How a `data` section of a config becomes a `Dataset`."""

from dataclasses import dataclass
from pathlib import Path

import torch

from genlab.config.groups import image_seed
from genlab.config.schema.data import DataConfig
from genlab.data.catalogue import DATASETS
from genlab.data.confusion_set import confused_labels, confusion_rows
from genlab.data.corruption import corrupted_labels
from genlab.data.dataset import Dataset
from genlab.data.images import apply_geometry
from genlab.data.normalisation import Normalisation, normalisation_of
from genlab.data.subsets import subset_indices
from genlab.errors import ConfigError
from genlab.randomness import generator_for


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
    images = load_images(config, seed=image_seed(config, seed), data_dir=data_dir)
    return assembled(config, images, choose_images(config, images, seed=seed))


@dataclass(frozen=True)
class LoadedImages:
    """All images of a data set in the form that a config asks for, before labels are corrupted and a subset is taken.

    Attributes:
        train_images: uint8 `[n, height, width, channels]`, resized, neither padded nor cropped.
        train_labels: int64 `[n]`, true.
        test_images, test_labels, class_names, input_shape, normalisation, fingerprint: as in `Dataset`.
    """

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    class_names: tuple[str, ...]
    input_shape: tuple[int, int, int]
    normalisation: Normalisation
    fingerprint: str | None


@dataclass(frozen=True)
class ChosenImages:
    """Which of the loaded images a run trains on, and with which labels.

    Attributes:
        rows: int64 `[n]`, increasing but for those of a confusion set, which come last; None for all.
        labels: int64 `[n]`, as trained on.
        true_labels: int64 `[n]`.
    """

    rows: torch.Tensor | None
    labels: torch.Tensor
    true_labels: torch.Tensor


def load_images(config: DataConfig, *, seed: int | None, data_dir: Path) -> LoadedImages:
    """The images of a data set, the same for all runs that differ in train_size, labels and seed.

    Args:
        seed: `image_seed` of the section and the run's seed: None where no field says that the seed decides something
            here, so that nothing is drawn in secret and one net's images are not taken for another's.

    Raises:
        DataMissingError, ConfigError: as `build_dataset`.
    """
    source = DATASETS[config.name].load(config, seed, data_dir)
    train_images = apply_geometry(source.train.images, config.resize, 0, None)
    test_images = apply_geometry(source.test.images, config.resize, config.pad, config.crop)
    _, height, width, channels = test_images.shape
    return LoadedImages(
        train_images,
        source.train.labels,
        test_images,
        source.test.labels,
        source.class_names,
        (channels, height, width),
        normalisation_of(config.normalisation, train_images),
        source.fingerprint,
    )


def assembled(config: DataConfig, images: LoadedImages, chosen: ChosenImages) -> Dataset:
    """The chosen ones of the loaded images as a data set.

    Raises:
        ConfigError: as `train_geometry`.
    """
    train_images = images.train_images if chosen.rows is None else images.train_images[chosen.rows]
    return Dataset(
        train_images=train_geometry(config, train_images, images.input_shape[1:]),
        train_labels=chosen.labels,
        true_labels=chosen.true_labels,
        test_images=images.test_images,
        test_labels=images.test_labels,
        class_names=images.class_names,
        input_shape=images.input_shape,
        normalisation=images.normalisation,
        random_crop=config.augmentation.random_crop,
        flip=config.augmentation.flip,
        rotation=config.augmentation.rotation,
        fingerprint=images.fingerprint,
        confusion=config.labels.confusion,
    )


def choose_images(config: DataConfig, images: LoadedImages, *, seed: int) -> ChosenImages:
    """The training set of a run: labels corrupted over all images first, then the subset.

    Raises:
        ConfigError: train_size is above the set, or cannot be balanced.
    """
    true_labels = images.train_labels
    if confusion := config.labels.confusion:
        assert config.train_size is not None
        subset, corruption = generator_for(seed, "subset"), generator_for(seed, "corruption")
        rows = confusion_rows(true_labels, config.train_size, confusion, config.subset, generator=subset)
        labels = confused_labels(true_labels, len(images.class_names), rows, confusion, generator=corruption)
        return ChosenImages(rows, labels, true_labels[rows])
    labels = corrupted_labels(
        true_labels,
        len(images.class_names),
        config.labels.corruption,
        generator=generator_for(seed, "corruption"),
    )
    if config.train_size is None:
        return ChosenImages(None, labels, true_labels)
    generator = generator_for(seed, "subset")
    rows = subset_indices(true_labels, config.train_size, config.subset, generator=generator)
    return ChosenImages(rows, labels[rows], true_labels[rows])


def train_geometry(config: DataConfig, images: torch.Tensor, input_size: tuple[int, int]) -> torch.Tensor:
    """Training images padded, and cropped too unless a random or turned window needs what surrounds the central one.

    Args:
        images: some of `LoadedImages.train_images`.
        input_size: height and width that the net sees.

    Raises:
        ConfigError: a random window fits in one place only, and would silently augment nothing.
    """
    augmentation = config.augmentation
    crop = None if augmentation.random_crop or augmentation.rotation else config.crop
    images = apply_geometry(images, None, config.pad + augmentation.padding, crop)
    if augmentation.random_crop and tuple(images.shape[1:3]) == input_size:
        raise ConfigError.at(
            "data.augmentation.random_crop",
            f"the net's input is the whole {input_size[0]}x{input_size[1]} image: set data.augmentation.padding or a "
            "data.crop",
        )
    return images


def data_fingerprint(config: DataConfig, data_dir: Path) -> str | None:
    """The content fingerprint that enters a run's identity: of image_folder; None where the name says what it is.

    Raises:
        DataMissingError: the folder is missing or a file cannot be read.
    """
    if config.name != "image_folder" or config.path is None:
        return None
    from genlab.data.image_folder import fingerprint

    return fingerprint(data_dir, config.path)
