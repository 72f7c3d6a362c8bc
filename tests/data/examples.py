"""Small data files and data sets for the tests of genlab.data."""

import pickle
import struct
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from genlab.data.dataset import Dataset
from genlab.data.normalisation import normalisation_of


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_image(path: Path, pixels: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def write_tree(root: Path, per_class: int = 3, shape: tuple[int, ...] = (6, 6, 3), parts: bool = True) -> Path:
    """Classes cat and dog, with train/ and test/ or as one tree; every image differs."""
    seed = 0
    for part in ("train", "test") if parts else ("",):
        for name in ("cat", "dog"):
            for index in range(per_class):
                write_image(root / part / name / f"{index}.png", noise(*shape, seed=seed))
                seed += 1
    return root


def write_idx(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(header + values.tobytes())
    return path


def write_cifar_batch(path: Path, images: np.ndarray, labels: list[int], key: str = "labels") -> Path:
    """`images` [n, 32, 32, 3] as the planes of colour that CIFAR's files have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    path.write_bytes(pickle.dumps({"data": planes, key: labels}))
    return path


def small_dataset(
    count: int = 13,
    stored: tuple[int, int, int] = (7, 8, 3),
    size: tuple[int, int] = (7, 8),
    kind: str = "dataset",
    random_crop: bool = False,
    flip: bool = False,
    rotation: float = 0.0,
) -> Dataset:
    images = torch.from_numpy(noise(count, *stored))
    labels = torch.arange(count) % 4
    top, left = (stored[0] - size[0]) // 2, (stored[1] - size[1]) // 2
    return Dataset(
        train_images=images,
        train_labels=(labels + (torch.arange(count) % 3 == 0)) % 4,
        true_labels=labels,
        test_images=images[:5, top : top + size[0], left : left + size[1]].contiguous(),
        test_labels=labels[:5],
        class_names=("a", "b", "c", "d"),
        input_shape=(stored[2], *size),
        normalisation=normalisation_of(kind, images),
        random_crop=random_crop,
        flip=flip,
        rotation=rotation,
    )
