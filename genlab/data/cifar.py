"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009): 32x32 colour images, 50,000 for training and 10,000 for the test."""

from pathlib import Path
from typing import Any, Literal

import torch

from genlab.config.schema.data import KNOWN_CLASSES, KNOWN_IMAGE_SIZE, KNOWN_TRAIN_SIZE
from genlab.data.download import damaged, ensure_files, in_one_line
from genlab.data.images import ImageSource, LabelledImages

TEST_SIZE = 10_000


def load_cifar(name: Literal["cifar10", "cifar100"], data_dir: Path) -> ImageSource:
    """CIFAR from `data_dir/cifar-10-batches-py` or `data_dir/cifar-100-python`, downloaded by torchvision if missing.

    CIFAR-100 has its 100 fine labels. Each file's MD5 is compared with the published one before it is unpickled.

    Raises:
        DataMissingError: a file is missing and cannot be downloaded, or is truncated or not the original.
    """
    from torchvision import datasets
    from torchvision.datasets.utils import check_integrity

    kind = {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]
    folder = data_dir / kind.base_folder
    files = [*map(tuple, kind.train_list), *map(tuple, kind.test_list), (kind.meta["filename"], kind.meta["md5"])]
    ensure_files(folder, [file for file, _ in files], lambda: kind(data_dir, download=True), data_dir)
    for file, md5 in files:
        try:
            original = check_integrity(folder / file, md5)
        except OSError as error:
            raise damaged(folder / file, f"cannot be read ({error.strerror})") from error
        if not original:
            size = (folder / file).stat().st_size
            raise damaged(folder / file, f"is truncated or not the original file (MD5 differs; it has {size} bytes)")
    try:
        train, test = kind(data_dir, train=True), kind(data_dir, train=False)
    except Exception as error:  # unpickling can raise nearly anything
        raise damaged(folder, f"cannot be read ({in_one_line(error)})") from error
    return ImageSource(
        train=_part(train, folder / kind.train_list[0][0], KNOWN_TRAIN_SIZE[name], KNOWN_CLASSES[name]),
        test=_part(test, folder / kind.test_list[0][0], TEST_SIZE, KNOWN_CLASSES[name]),
        class_names=tuple(train.classes),
    )


def _part(dataset: Any, path: Path, count: int, classes: int) -> LabelledImages:
    images = torch.from_numpy(dataset.data)
    labels = torch.tensor(dataset.targets, dtype=torch.int64)
    size = KNOWN_IMAGE_SIZE["cifar10"]
    if tuple(images.shape) != (count, size, size, 3) or len(labels) != count:
        raise damaged(path, f"holds {tuple(images.shape)} pixels and {len(labels)} labels, not {count} images")
    if images.dtype != torch.uint8 or not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise damaged(path, f"holds values of {images.dtype} or labels outside 0..{classes - 1}")
    return LabelledImages(images.contiguous(), labels)
