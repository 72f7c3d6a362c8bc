"""How a `data` section of a config becomes a `Dataset`."""

from dataclasses import dataclass
from pathlib import Path

import torch

from genlab.config.groups import image_seed
from genlab.config.schema.data import DataConfig
from genlab.config.schema.inputs import randomised
from genlab.data.catalogue import DATASETS
from genlab.data.confusion_set import confused_labels, confusion_rows
from genlab.data.dataset import Dataset
from genlab.data.images import apply_geometry
from genlab.data.inputs.randomise import Randomisation, randomisation_of
from genlab.data.label_file import label_fingerprint, read_labels
from genlab.data.labels import labels_to_train_on
from genlab.data.normalisation import Normalisation, normalisation_of
from genlab.data.subsets import subset_indices, test_rows
from genlab.errors import ConfigError
from genlab.randomness import generator_for


def build_dataset(config: DataConfig, *, seed: int, data_dir: Path) -> Dataset:
    """The data set of a run, on the CPU.

    Labels are corrupted before the subset is taken, and the subset is balanced in the true labels: so runs that differ
    only in train_size or corruption share labels and images. Statistics for normalisation, and those of Gaussian
    noise, are those of all training images after `resize` and before all else.

    Inputs are randomised as the net would see them before augmentation: after `resize`, `pad` and `crop`, before the
    padding, windows and mirroring of `augmentation`. Where random windows are taken of what surrounds a `crop`, that is
    what augmentation is given, and so the whole image is randomised before windows, and the central one of the test,
    are cut from it.

    Args:
        config: the data section.
        seed: the run's seed; from it come the streams "corruption", "subset", "test_split" and "inputs".
        data_dir: where data sets lie or are downloaded to.

    Raises:
        DataMissingError: files are missing, damaged or something else, each named with the remedy.
        ConfigError: train_size, test_size or crop is too large for the data, or another setting does not fit it.
    """
    images = load_images(config, seed=image_seed(config, seed), data_dir=data_dir)
    return assembled(config, images, choose_images(config, images, seed=seed, data_dir=data_dir))


@dataclass(frozen=True)
class LoadedImages:
    """All images of a data set in the form that a config asks for, before labels are corrupted and a subset is taken.

    Attributes:
        train_images: uint8 `[n, height, width, channels]`, resized, neither padded nor cropped.
        train_labels: int64 `[n]`, true.
        test_images, test_labels, class_names, input_shape, normalisation, fingerprint: as in `Dataset`.
        randomisation: of the training images that a run takes; that of the test images is done. None for true inputs.
    """

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    class_names: tuple[str, ...]
    input_shape: tuple[int, int, int]
    normalisation: Normalisation
    fingerprint: str | None
    randomisation: Randomisation | None


@dataclass(frozen=True)
class ChosenImages:
    """Which of the loaded images a run trains on, and with which labels.

    Attributes:
        rows: int64 `[n]`, increasing but for those of a confusion set, which come last; None for all.
        labels: int64 `[n]`, as trained on.
        true_labels: int64 `[n]`.
        fingerprint: of the file that the labels come from; None where they come from none.
    """

    rows: torch.Tensor | None
    labels: torch.Tensor
    true_labels: torch.Tensor
    fingerprint: str | None = None


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
    randomisation = randomisation_of(randomised(config.inputs), train_images, seed)
    before = _crop_before_augmentation(config)
    count = len(source.test.labels)
    rows = test_rows(count, config.test_size)
    chosen, test_labels = (t if rows is None else t[rows] for t in (source.test.images, source.test.labels))
    test_images = apply_geometry(chosen, config.resize, config.pad, before)
    if randomisation is not None:
        test_images = randomisation(test_images, "test", count, rows)
    if before != config.crop:
        test_images = apply_geometry(test_images, None, 0, config.crop)
    _, height, width, channels = test_images.shape
    return LoadedImages(
        train_images,
        source.train.labels,
        test_images,
        test_labels,
        source.class_names,
        (channels, height, width),
        normalisation_of(config.normalisation, train_images),
        source.fingerprint,
        randomisation,
    )


def assembled(config: DataConfig, images: LoadedImages, chosen: ChosenImages) -> Dataset:
    """The chosen ones of the loaded images as a data set.

    Raises:
        ConfigError: as `train_geometry`.
    """
    return Dataset(
        train_images=train_geometry(config, images, chosen.rows),
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
        fingerprint=_joined(images.fingerprint, chosen.fingerprint),
        confusion=config.labels.confusion,
    )


def choose_images(config: DataConfig, images: LoadedImages, *, seed: int, data_dir: Path) -> ChosenImages:
    """The training set of a run: labels corrupted over all images first, then the subset.

    Raises:
        ConfigError: train_size is above the set, or cannot be balanced; or as `labels_to_train_on`.
        DataMissingError: as `labels_to_train_on`.
    """
    true_labels = images.train_labels
    if confusion := config.labels.confusion:
        assert config.train_size is not None
        subset, corruption = generator_for(seed, "subset"), generator_for(seed, "corruption")
        rows = confusion_rows(true_labels, config.train_size, confusion, config.subset, generator=subset)
        labels = confused_labels(true_labels, len(images.class_names), rows, confusion, generator=corruption)
        return ChosenImages(rows, labels, true_labels[rows])
    generator = generator_for(seed, "corruption")
    labels, fingerprint = labels_to_train_on(
        config.labels, true_labels, images.class_names, data_dir=data_dir, generator=generator
    )
    if config.train_size is None:
        return ChosenImages(None, labels, true_labels, fingerprint)
    generator = generator_for(seed, "subset")
    rows = subset_indices(true_labels, config.train_size, config.subset, generator=generator)
    return ChosenImages(rows, labels[rows], true_labels[rows], fingerprint)


def train_geometry(config: DataConfig, images: LoadedImages, rows: torch.Tensor | None) -> torch.Tensor:
    """Training images padded, cropped unless augmentation needs what surrounds the central window, and randomised.

    Args:
        rows: as of `ChosenImages`.

    Raises:
        ConfigError: a random window fits in one place only, and would silently augment nothing.
    """
    chosen = images.train_images if rows is None else images.train_images[rows]
    chosen = apply_geometry(chosen, None, config.pad, _crop_before_augmentation(config))
    if images.randomisation is not None:
        chosen = images.randomisation(chosen, "train", len(images.train_labels), rows)
    chosen = apply_geometry(chosen, None, config.augmentation.padding, None)
    height, width = images.input_shape[1:]
    if config.augmentation.random_crop and tuple(chosen.shape[1:3]) == (height, width):
        raise ConfigError.at(
            "data.augmentation.random_crop",
            f"the net's input is the whole {height}x{width} image: set data.augmentation.padding or a data.crop",
        )
    return chosen


def _crop_before_augmentation(config: DataConfig) -> int | None:
    """What is cut from images before augmentation; nothing where random or turned windows need what surrounds it."""
    return None if config.augmentation.random_crop or config.augmentation.rotation else config.crop


def data_fingerprint(config: DataConfig, data_dir: Path) -> str | None:
    """What of the user's own files enters a run's identity: their content; None where the config names none.

    Raises:
        DataMissingError: a folder or file is missing or cannot be read.
        ConfigError: the file of labels has no such key.
    """
    of_images = of_labels = None
    if config.name == "image_folder" and config.path is not None:
        from genlab.data.image_folder import fingerprint

        of_images = fingerprint(data_dir, config.path)
    if config.labels.file is not None:
        of_labels = label_fingerprint(read_labels(data_dir / config.labels.file, config.labels.key))
    return _joined(of_images, of_labels)


def _joined(of_images: str | None, of_labels: str | None) -> str | None:
    """One fingerprint of both; that of images alone is theirs, as before there were files of labels."""
    return " ".join(part for part in (of_images, of_labels and f"labels {of_labels}") if part) or None
