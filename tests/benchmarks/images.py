"""The images of a benchmark: the same ones as files for genlab and as files for torchvision.

Real ones where GENLAB_DATA has them, else made ones.
"""

import os
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.datasets import CIFAR10, MNIST, VisionDataset

from genlab.config.schema.data import DataConfig
from genlab.data.build import build_dataset
from genlab.data.dataset import Dataset

CROP_PADDING = 4
CLASSES = 10
MADE_IMAGES = 10_000
AUGMENTATION = {"random_crop": True, "padding": CROP_PADDING, "flip": True}


class StoredCIFAR(CIFAR10):
    """torchvision's CIFAR-10 of one batch file of any images: the checksums of the originals are left out."""

    train_list = [["data_batch_1", None]]  # noqa: RUF012
    test_list: list = []  # noqa: RUF012
    meta = {"filename": "batches.meta", "key": "label_names", "md5": None}  # noqa: RUF012


@dataclass(frozen=True)
class Images:
    """Where a training set lies, for both sides.

    Attributes:
        source: what the images are, for the report.
        config, data_dir: of genlab.
        kind, root: of torchvision.
    """

    source: str
    config: DataConfig
    data_dir: Path
    kind: type[VisionDataset]
    root: Path

    def dataset(self) -> Dataset:
        """As `genlab train` uses them."""
        return build_dataset(self.config, seed=0, data_dir=self.data_dir)

    def torchvision(self, transform: Callable) -> VisionDataset:
        """As a script uses them."""
        return self.kind(self.root, transform=transform)


def mnist_images(scratch: Path, made: int | None) -> Images:
    """MNIST, or grey noise of its shape.

    Args:
        scratch: directory for files.
        made: a number of made images to take even where there are real ones; None prefers real ones.
    """
    data_dir = data_directory()
    if made is None and data_dir and (data_dir / "MNIST" / "raw").is_dir():
        return Images("MNIST", DataConfig(name="mnist"), data_dir, MNIST, data_dir)
    config = _made(scratch, "made-28", (28, 28), made or MADE_IMAGES, {})
    images = Images("made images, 28x28 grey", config, scratch, MNIST, scratch)
    dataset = images.dataset()
    write_idx(scratch / "MNIST" / "raw", dataset.train_images[..., 0].numpy(), dataset.train_labels.numpy())
    return images


def cifar_images(scratch: Path, made: int | None) -> Images:
    """CIFAR-10, or colour noise of its shape, with random crop and flip; arguments as for `mnist_images`."""
    data_dir = data_directory()
    if made is None and data_dir and (data_dir / "cifar-10-batches-py").is_dir():
        config = DataConfig(name="cifar10", augmentation=AUGMENTATION)
        return Images("CIFAR-10", config, data_dir, CIFAR10, data_dir)
    if made is None and data_dir and (data_dir / "cifar10-jpeg").is_dir():
        config = DataConfig(name="image_folder", path="cifar10-jpeg", augmentation=AUGMENTATION)
        images = Images("CIFAR-10 from JPEG files", config, data_dir, StoredCIFAR, scratch)
    else:
        config = _made(scratch, "made-32", (32, 32, 3), made or MADE_IMAGES, AUGMENTATION)
        images = Images("made images, 32x32 colour", config, scratch, StoredCIFAR, scratch)
    dataset = images.dataset()
    inner = slice(CROP_PADDING, -CROP_PADDING)
    write_cifar(scratch, dataset.train_images[:, inner, inner].numpy(), dataset.train_labels.tolist())
    return images


def data_directory() -> Path | None:
    """GENLAB_DATA, where it is set."""
    name = os.environ.get("GENLAB_DATA")
    return Path(name).resolve() if name else None


def write_idx(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """The four files of MNIST from `images` [n, 28, 28] and their labels, which serve as the test set too."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        for kind, values in (("images-idx3", images), ("labels-idx1", labels.astype(np.uint8))):
            header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + values.tobytes())


def write_cifar(root: Path, images: np.ndarray, labels: list[int]) -> None:
    """One batch file of CIFAR-10's form from `images` [n, 32, 32, 3]."""
    folder = root / CIFAR10.base_folder
    folder.mkdir(parents=True, exist_ok=True)
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), -1)
    (folder / "data_batch_1").write_bytes(pickle.dumps({"data": planes, "labels": labels}))
    names = [str(label) for label in range(CLASSES)]
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))


def _made(scratch: Path, name: str, shape: tuple[int, ...], count: int, augmentation: dict) -> DataConfig:
    """Noise in PNG files, as an image_folder of that name."""
    generator = np.random.default_rng(0)
    for part, images in (("train", count), ("test", count // 2)):
        for index in range(images):
            path = scratch / name / part / str(index % CLASSES) / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)).save(path, compress_level=0)
    return DataConfig(name="image_folder", path=name, augmentation=augmentation)
