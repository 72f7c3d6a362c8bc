"""The files of an image folder: which there are, of which class, in train/ and test/ or in one tree."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from genlab.errors import DataMissingError

SUFFIXES = (".png", ".jpg", ".jpeg")


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

    Images are files ending in .png, .jpg or .jpeg in any case. Other files and all that begin with a dot are ignored.

    Raises:
        DataMissingError: no such folder, a class without images or with folders inside, or training and test classes
            that differ.
    """
    if not root.is_dir():
        raise DataMissingError(
            f"{root} is not a folder: put the images into it as train/CLASS/* and test/CLASS/*, or name another data "
            "directory with --data-dir or GENLAB_DATA"
        )
    try:
        if not ((root / "train").is_dir() and (root / "test").is_dir()):
            names, files = _class_tree(root, "")
            return ImageTree(root, files, None, names)
        names, train = _class_tree(root, "train/")
        test_names, test = _class_tree(root, "test/")
    except OSError as error:
        raise DataMissingError(f"{error.filename or root} cannot be read: {error.strerror}") from error
    for name in sorted(set(names) ^ set(test_names)):
        here, there = ("train", "test") if name in names else ("test", "train")
        raise DataMissingError(f"{root}: class {name} is in {here}/ and not in {there}/; the two must have the same")
    return ImageTree(root, train, test, names)


def _class_tree(root: Path, prefix: str) -> tuple[tuple[str, ...], tuple[ImageFile, ...]]:
    """Sorted class names and files of one tree; `prefix` is "train/", "test/" or nothing."""
    tree = root / prefix
    with os.scandir(tree) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    if not names:
        raise DataMissingError(f"{tree} has no folders: each class is a folder of PNG or JPEG images")
    files: list[ImageFile] = []
    for name in names:
        found = _class_files(tree / name, prefix + name, name)
        if not found:
            raise DataMissingError(f"{tree / name} has no images (files ending in {', '.join(SUFFIXES)})")
        files += found
    return tuple(names), tuple(files)


def _class_files(folder: Path, relative: str, class_name: str) -> list[ImageFile]:
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
            if entry.name.lower().endswith(SUFFIXES):
                status = entry.stat()
                files.append(ImageFile(f"{relative}/{entry.name}", class_name, status.st_size, status.st_mtime_ns))
    return sorted(files, key=lambda file: file.relative)
