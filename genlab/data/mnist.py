"""MNIST (LeCun et al. 1998): 28x28 grey digits, 60,000 for training and 10,000 for the test."""

import hashlib
import math
import struct
from pathlib import Path

import numpy as np
import torch

from genlab.config.schema.data import KNOWN_CLASSES, KNOWN_IMAGE_SIZE, KNOWN_TRAIN_SIZE
from genlab.data.download import damaged, ensure_files
from genlab.data.images import ImageSource, LabelledImages

TEST_SIZE = 10_000
# MD5 of the uncompressed files: sets with the same names and sizes (Fashion-MNIST, KMNIST) are not MNIST.
FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
UNSIGNED_BYTES = 0x08


def load_mnist(data_dir: Path) -> ImageSource:
    """MNIST from `data_dir/MNIST/raw`, torchvision's layout, downloaded there by torchvision where it is missing.

    Raises:
        DataMissingError: a file is missing and cannot be downloaded, or is truncated or not MNIST's.
    """
    raw = data_dir / "MNIST" / "raw"
    ensure_files(raw, list(FILES), lambda: _download(data_dir), data_dir)
    return ImageSource(
        train=_part(raw, "train", KNOWN_TRAIN_SIZE["mnist"]),
        test=_part(raw, "t10k", TEST_SIZE),
        class_names=tuple(str(digit) for digit in range(KNOWN_CLASSES["mnist"])),
    )


def read_idx(path: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, str]:
    """The unsigned bytes of an idx file and the file's MD5.

    The format: two zero bytes, the type, the number of dimensions, each dimension as a big-endian 32-bit integer, and
    then the values.

    Raises:
        DataMissingError: not an idx file of bytes, not of `shape`, or its length is not what its header says.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from error
    header = 4 + 4 * len(shape)
    if len(content) < header or content[:4] != bytes((0, 0, UNSIGNED_BYTES, len(shape))):
        raise damaged(path, f"is not an idx file of bytes in {len(shape)} dimensions")
    found = struct.unpack(f">{len(shape)}I", content[4:header])
    if len(content) != header + math.prod(found):
        raise damaged(path, f"has {len(content)} bytes where its header says {header + math.prod(found)}")
    if found != shape:
        raise damaged(path, f"holds {_times(found)} values, not {_times(shape)}")
    values = np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
    return values, hashlib.md5(content, usedforsecurity=False).hexdigest()


def _part(raw: Path, prefix: str, count: int) -> LabelledImages:
    size = KNOWN_IMAGE_SIZE["mnist"]
    images = _original(raw / f"{prefix}-images-idx3-ubyte", (count, size, size))
    labels = _original(raw / f"{prefix}-labels-idx1-ubyte", (count,))
    return LabelledImages(torch.from_numpy(images).unsqueeze(3), torch.from_numpy(labels).to(torch.int64))


def _original(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    values, md5 = read_idx(path, shape)
    if md5 != FILES[path.name]:
        raise damaged(path, "has the size of MNIST's file and other content")
    return values.copy()


def _download(data_dir: Path) -> None:
    from torchvision.datasets import MNIST

    MNIST(data_dir, download=True)


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
