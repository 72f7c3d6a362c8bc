"""The files of an image folder: which there are, of which class, in train/ and test/ or in one tree."""

import hashlib
import logging
import os
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from genlab.errors import DataMissingError, visible

# What is read as an image.
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
# A file beyond this is no image of a data set, and would fill the memory.
MOST_BYTES = 2**28

logger = logging.getLogger(__name__)
_told: set[Path] = set()


@dataclass(frozen=True)
class ImageFile:
    """One image: its path relative to the folder (with /), its class, and what tells whether it has changed."""

    relative: str
    class_name: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class ImageTree:
    """All images of a folder.

    Attributes:
        root: the folder.
        train: files of train/, or of the one tree there is, sorted by class and name.
        test: files of test/; None where the folder is one tree of classes.
        class_names: sorted.
    """

    root: Path
    train: tuple[ImageFile, ...]
    test: tuple[ImageFile, ...] | None
    class_names: tuple[str, ...]

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """Training files and then test files."""
        return self.train + (self.test or ())

    def signature(self) -> str:
        """SHA-256 of the listing (paths, sizes, modification times): another one means that files may have changed."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(f"{file.relative}\0{file.size}\0{file.mtime_ns}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()


def list_images(root: Path) -> ImageTree:
    """The images `train/CLASS/*` and `test/CLASS/*` of a folder, or `CLASS/*` where it has not both train/ and test/.

    Images are files with an ending of `SUFFIXES` in any case. Files that begin with a dot are ignored; others are left
    out, and how many of which endings is said once a process.

    Raises:
        DataMissingError: no such folder, a class without images or with folders inside, training and test classes that
            differ, or an image that is a pipe or a device or larger than 256 MiB.
    """
    if not root.is_dir():
        raise DataMissingError(
            f"{root} is not a folder: put the images into it as train/CLASS/* and test/CLASS/*, or name another data "
            "directory with --data-dir or GENLAB_DATA"
        )
    left_out: Counter[str] = Counter()
    try:
        if not ((root / "train").is_dir() and (root / "test").is_dir()):
            _refuse_other_parts(root)
            names, files = _class_tree(root, "", left_out)
            _tell(root, left_out)
            return ImageTree(root, files, None, names)
        with os.scandir(root) as entries:
            others = [e.name for e in entries if e.name not in ("train", "test") and not e.name.startswith(".")]
        left_out.update("beside train/ and test/" for _ in others)
        names, train = _class_tree(root, "train/", left_out)
        test_names, test = _class_tree(root, "test/", left_out)
    except OSError as error:
        raise DataMissingError(f"{error.filename or root} cannot be read: {error.strerror}") from error
    for name in sorted(set(names) ^ set(test_names)):
        here, there = ("train", "test") if name in names else ("test", "train")
        raise DataMissingError(f"{root}: class {name} is in {here}/ and not in {there}/; the two must have the same")
    _tell(root, left_out)
    return ImageTree(root, train, test, names)


def _refuse_other_parts(root: Path) -> None:
    """ImageNet's layout has val/ in place of test/, and would pass for two classes of which one is called train."""
    for name in ("val", "valid", "validation"):
        if (root / "train").is_dir() and (root / name).is_dir():
            raise DataMissingError(f"{root} has train/ and {name}/: the test images belong in test/, so rename {name}/")


def _tell(root: Path, left_out: Counter[str]) -> None:
    """Say once a process what of a folder is left out: who trains on a part unnoticed has another experiment."""
    if left_out and root not in _told:
        _told.add(root)
        endings = ", ".join(f"{count} {ending}" for ending, count in sorted(left_out.items()))
        said = f"{root}: {left_out.total()} files or folders that are no images of a class are left out ({endings})"
        logger.warning("%s", visible(said))


def _class_tree(root: Path, prefix: str, left_out: Counter[str]) -> tuple[tuple[str, ...], tuple[ImageFile, ...]]:
    """Sorted class names and files of one tree; `prefix` is "train/", "test/" or nothing."""
    tree = root / prefix
    with os.scandir(tree) as entries:
        seen = [entry for entry in entries if not entry.name.startswith(".")]
    names = sorted(entry.name for entry in seen if entry.is_dir())
    left_out.update("outside the classes" for entry in seen if not entry.is_dir())
    if not names:
        raise DataMissingError(f"{tree} has no folders: each class is a folder of images")
    files: list[ImageFile] = []
    for name in names:
        found = _class_files(tree / name, prefix + name, name, left_out)
        if not found:
            raise DataMissingError(f"{tree / name} has no images (files ending in {', '.join(SUFFIXES)})")
        files += found
    return tuple(names), tuple(files)


def _class_files(folder: Path, relative: str, class_name: str, left_out: Counter[str]) -> list[ImageFile]:
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                raise DataMissingError(
                    f"{entry.path} is a folder within a class: images belong in train/CLASS/ and test/CLASS/ (or in "
                    "CLASS/) directly"
                )
            if not entry.name.lower().endswith(SUFFIXES):
                left_out[os.path.splitext(entry.name)[1].lower() or "without an ending"] += 1
                continue
            status = entry.stat()
            if not stat.S_ISREG(status.st_mode):
                raise DataMissingError(f"{entry.path} is a pipe or a device and no image file: remove it")
            if status.st_size > MOST_BYTES:
                raise DataMissingError(
                    f"{entry.path} has {status.st_size / 2**20:,.0f} MiB and is no image of a data set (at most "
                    f"{MOST_BYTES / 2**20:,.0f}): remove it"
                )
            files.append(ImageFile(f"{relative}/{entry.name}", class_name, status.st_size, status.st_mtime_ns))
    return sorted(files, key=lambda file: file.relative)
