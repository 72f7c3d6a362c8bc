"""The data sets by name: how their files are read, and where they come from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genlab.config.schema.data import DataConfig
from genlab.data.images import ImageSource
from genlab.randomness import generator_for


@dataclass(frozen=True)
class DatasetEntry:
    """A data set.

    Attributes:
        load: (data section, seed, data directory) to its images as the files have them. The seed is None unless a field
            of the section says that it decides something (`json_schema_extra={"seeded": "images"}`) and is set.
        about, paper: a line each: what it is, and where it comes from.
    """

    load: Callable[[DataConfig, int | None, Path], ImageSource]
    about: str
    paper: str


def _digits(config: DataConfig, seed: int | None, data_dir: Path) -> ImageSource:
    from genlab.data.digits import load_digits

    return load_digits()


def _mnist(config: DataConfig, seed: int | None, data_dir: Path) -> ImageSource:
    from genlab.data.mnist import load_mnist

    return load_mnist(data_dir)


def _cifar10(config: DataConfig, seed: int | None, data_dir: Path) -> ImageSource:
    from genlab.data.cifar import load_cifar

    return load_cifar("cifar10", data_dir)


def _cifar100(config: DataConfig, seed: int | None, data_dir: Path) -> ImageSource:
    from genlab.data.cifar import load_cifar

    return load_cifar("cifar100", data_dir)


def _image_folder(config: DataConfig, seed: int | None, data_dir: Path) -> ImageSource:
    from genlab.data.image_folder import load_image_folder

    assert config.path is not None
    return load_image_folder(
        data_dir,
        config.path,
        resize=config.resize,
        test_fraction=config.test_fraction,
        generator=None if seed is None else generator_for(seed, "test_split"),
    )


DATASETS = {
    "digits": DatasetEntry(
        _digits,
        "Handwritten digits, 8x8 and grey, 1,347 + 450, which come with scikit-learn.",
        "Alpaydin and Kaynak 1998, UCI Optical Recognition of Handwritten Digits",
    ),
    "mnist": DatasetEntry(
        _mnist,
        "Handwritten digits, 28x28 and grey, 60,000 + 10,000, downloaded on first use.",
        "LeCun, Bottou, Bengio and Haffner 1998",
    ),
    "cifar10": DatasetEntry(
        _cifar10,
        "Colour images of 10 classes, 32x32, 50,000 + 10,000, downloaded on first use.",
        "Krizhevsky 2009",
    ),
    "cifar100": DatasetEntry(
        _cifar100,
        "Colour images of 100 classes, 32x32, 50,000 + 10,000, downloaded on first use.",
        "Krizhevsky 2009",
    ),
    "image_folder": DatasetEntry(
        _image_folder,
        "Images of your own, in train/CLASS/* and test/CLASS/* of the folder data.path under the data directory.",
        "Your own images",
    ),
}
