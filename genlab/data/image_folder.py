"""Any folder of images as a data set: decoded once, in parallel, and cached as one tensor."""

import hashlib
import io
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from genlab.data.download import in_one_line
from genlab.data.image_cache import CacheKey, cached_fingerprint, cached_images, keep_fingerprint, keep_images
from genlab.data.image_tree import MOST_BYTES, ImageFile, ImageTree, list_images
from genlab.data.images import ImageSource, LabelledImages, resized
from genlab.data.subsets import stratified_split
from genlab.errors import ConfigError, DataMissingError

MAX_THREADS = 16
FILES_A_TASK = 128
GREY_MODES = ("1", "L", "LA", "La")
# Decoders that may be tried, whatever a file's ending says.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM")

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


def load_image_folder(
    data_dir: Path, path: str, *, resize: int | None, test_fraction: float | None, generator: torch.Generator | None
) -> ImageSource:
    """The images of `data_dir/path`, laid out as `list_images` says.

    Grey images alone give one channel; one colour image among them gives three for all. Transparency is dropped, 16-bit
    grey keeps its upper 8 bits, a camera's rotation mark is not followed, and of several pages the first counts.

    Args:
        resize: height and width to decode to, needed where sizes differ; None keeps the images' size.
        test_fraction: part of each class held out as test set, where the folder is one tree of classes; else None.
        generator: of the stream "test_split"; None without `test_fraction`.

    Raises:
        DataMissingError: no such folder, or a file that is not an image of its kind.
        ConfigError: `test_fraction` given with train/ and test/, missing without, or leaving a class without images;
            or images of different sizes without `resize`.
    """
    tree = list_images(data_dir / path)
    if tree.test is not None and test_fraction is not None:
        raise ConfigError.at("data.test_fraction", f"{tree.root} has its own test/ folder: leave test_fraction out")
    if tree.test is None and test_fraction is None:
        raise ConfigError.at(
            "data.test_fraction", f"{tree.root} has not both train/ and test/: say which part is to be the test set"
        )
    key = CacheKey(data_dir, path, tree.signature())
    images = cached_images(key, resize)
    if images is None or len(images) != len(tree.files):
        logger.info("decoding %d images of %s", len(tree.files), tree.root)
        images = _decoded(tree, resize)
        keep_images(key, resize, images)
    label_of = {name: label for label, name in enumerate(tree.class_names)}
    labels = torch.tensor([label_of[file.class_name] for file in tree.files], dtype=torch.int64)
    if test_fraction is None:
        train, test = torch.arange(len(tree.train)), torch.arange(len(tree.train), len(labels))
    else:
        assert generator is not None
        train, test = stratified_split(labels, round(test_fraction * len(labels)), generator=generator)
        _refuse_empty_class(tree, labels, train, test)
    return ImageSource(
        train=LabelledImages(images[train], labels[train]),
        test=LabelledImages(images[test], labels[test]),
        class_names=tree.class_names,
        fingerprint=_fingerprint(tree, key),
    )


def fingerprint(data_dir: Path, path: str) -> str:
    """SHA-256 of the content of `data_dir/path`: the same for the same files in any place, another after any change.

    It is the hash of all (relative path, hash of the file's bytes), sorted by path. Files are read only where their
    sizes or modification times differ from those seen before.

    Raises:
        DataMissingError: no such folder, or a file that cannot be read.
    """
    tree = list_images(data_dir / path)
    return _fingerprint(tree, CacheKey(data_dir, path, tree.signature()))


def _fingerprint(tree: ImageTree, key: CacheKey) -> str:
    kept = cached_fingerprint(key)
    if kept is not None:
        return kept
    hashes = _in_parallel(tree.files, lambda _, file: hashlib.sha256(_content(tree, file)).hexdigest())
    digest = hashlib.sha256()
    for relative, content in sorted(zip((file.relative for file in tree.files), hashes, strict=True)):
        digest.update(f"{relative}\0{content}\n".encode(errors="surrogateescape"))
    keep_fingerprint(key, digest.hexdigest())
    return digest.hexdigest()


def _decoded(tree: ImageTree, resize: int | None) -> torch.Tensor:
    """All images of a tree in its order, uint8 `[n, height, width, 1 or 3]`."""
    first = _pixels(tree, tree.files[0])[0]
    height, width = first.shape[:2] if resize is None else (resize, resize)
    images = np.empty((len(tree.files), height, width, 3), dtype=np.uint8)

    def decode(index: int, file: ImageFile) -> bool:
        pixels, grey = _pixels(tree, file)
        if resize is not None:
            pixels = resized(torch.from_numpy(pixels).unsqueeze(0), resize)[0].numpy()
        elif pixels.shape != first.shape:
            raise ConfigError.at(
                "data.resize",
                f"images differ in size: {tree.root / tree.files[0].relative} is {first.shape[0]}x{first.shape[1]}, "
                f"{tree.root / file.relative} is {pixels.shape[0]}x{pixels.shape[1]}; say what size to bring them to",
            )
        images[index] = pixels
        return grey

    all_grey = all(_in_parallel(tree.files, decode))
    return torch.from_numpy(images[..., :1].copy() if all_grey else images)


def _pixels(tree: ImageTree, file: ImageFile) -> tuple[np.ndarray, bool]:
    """One image as uint8 `[height, width, 3]` in memory of its own, and whether it is grey."""
    content = _content(tree, file)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.mode == "F" or (image.mode == "I" and image.format == "TIFF"):
                raise DataMissingError(
                    f"{tree.root / file.relative} has pixels of 32 bits, whose range is not known; save it with 8 or 16"
                )
            if image.mode.startswith("I;16") or image.mode == "I":
                high = (np.asarray(image, dtype=np.int64) >> 8).clip(0, 255).astype(np.uint8)
                return np.repeat(high[..., None], 3, axis=2), True
            return np.array(image.convert("RGB")), image.mode in GREY_MODES
    except DataMissingError:
        raise
    except UnidentifiedImageError as error:  # whose message names an object in memory
        raise DataMissingError(
            f"{tree.root / file.relative} is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image: replace or delete it"
        ) from error
    except Exception as error:  # a damaged file makes the decoders raise nearly anything
        raise DataMissingError(
            f"{tree.root / file.relative} is not a whole image ({in_one_line(error)}): replace or delete it"
        ) from error


def _content(tree: ImageTree, file: ImageFile) -> bytes:
    path = tree.root / file.relative
    try:
        # Not to wait where a pipe has taken the file's place since it was listed.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise DataMissingError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise DataMissingError(f"{path} has no end, or more than {MOST_BYTES / 2**20:,.0f} MiB: remove it")
    return content


def _in_parallel(files: Sequence[ImageFile], work: Callable[[int, ImageFile], Result]) -> list[Result]:
    """The results of `work(index, file)` in order; of several failures the first in order is raised."""

    def task(start: int) -> list[Result]:
        return [work(start + offset, file) for offset, file in enumerate(files[start : start + FILES_A_TASK])]

    with ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1)) as pool:
        futures = [pool.submit(task, start) for start in range(0, len(files), FILES_A_TASK)]
        try:
            return [result for future in futures for result in future.result()]
        finally:
            pool.shutdown(cancel_futures=True)


def _refuse_empty_class(tree: ImageTree, labels: torch.Tensor, train: torch.Tensor, test: torch.Tensor) -> None:
    for part, indices in (("training", train), ("test", test)):
        counts = torch.bincount(labels[indices], minlength=len(tree.class_names))
        if int(counts.min()) == 0:
            name = tree.class_names[int(counts.argmin())]
            raise ConfigError.at(
                "data.test_fraction",
                f"class {name} has {int((labels == counts.argmin()).sum())} images in all, which leaves none for its "
                f"{part} part",
            )
