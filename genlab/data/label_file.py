"""Labels of one's own, from a file: of people who looked at the images, or of another program's noise."""

import csv
import hashlib
import json
import pickle
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genlab.config.validation import nearest
from genlab.data.download import in_one_line
from genlab.errors import ConfigError, DataMissingError

KEY = "data.labels.file"


def read_labels(path: Path, key: str | None) -> torch.Tensor:
    """The labels in a file.

    * npy: an array of whole numbers. Pickled objects are refused, since they could run code.
    * csv: a number a line, or a table with a header, of which `key` names the column.
    * json: a list of numbers, or a mapping from keys to such lists.
    * pt, pth: a tensor or array, or a mapping from keys to such, as CIFAR-10N comes; nothing else is read of it.

    Args:
        key: which labels, where the file has several; may be left out where there is one.

    Returns:
        int64 `[n]`.

    Raises:
        DataMissingError: no such file, or it is damaged or holds anything but labels.
        ConfigError: there is no such key, or several and none is given.
    """
    if not path.is_file():
        what = "is no file" if path.exists() else "there is no such file"
        raise _refused(path, f"{what}; files of labels lie under the data directory (--data-dir or GENLAB_DATA)")
    try:
        found = READERS[path.suffix.lower()](path)
    except (DataMissingError, ConfigError):
        raise
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged file makes readers raise nearly anything
        raise _refused(path, f"is damaged, or no {path.suffix} file ({in_one_line(error)})") from error
    return _whole_numbers(path, _chosen(path, found, key))


def fitting_labels(path: Path, labels: torch.Tensor, count: int, classes: int) -> torch.Tensor:
    """Labels of a file, if they are those of a training set.

    They are of the full one: a part of it is drawn from the seed, and would take them in an order that nobody wrote
    them in.

    Raises:
        DataMissingError: there are more or fewer than images, or one is no class.
    """
    if len(labels) != count:
        raise _refused(
            path, f"has {len(labels):,} labels for the {count:,} images of the full training set (whatever train_size)"
        )
    outside = (labels < 0) | (labels >= classes)
    if bool(outside.any()):
        place = int(outside.nonzero()[0])
        raise _refused(path, f"label {int(labels[place])} of image {place} is no class; they are 0 to {classes - 1}")
    return labels


def label_fingerprint(labels: torch.Tensor) -> str:
    """SHA-256 of the labels: the same in whatever file they come."""
    return hashlib.sha256(labels.numpy().astype("<i8").tobytes()).hexdigest()


def _npy(path: Path) -> Any:
    return np.load(path, allow_pickle=False)


def _csv(path: Path) -> Any:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [(number, row) for number, row in enumerate(csv.reader(file, strict=True), 1) if row]
    if not rows:
        return []
    header = [cell.strip() for cell in rows[0][1]]
    named = not all(_is_whole(cell) for cell in header)
    names = header if named else [str(number) for number in range(len(header))]
    columns: dict[str, list[int | str]] = {name: [] for name in names}
    for number, row in rows[1:] if named else rows:
        if len(row) != len(header):
            raise _refused(path, f"line {number} has {len(row)} columns where the first has {len(header)}")
        for name, cell in zip(names, row, strict=True):
            columns[name].append(int(cell) if _is_whole(cell.strip()) else cell)
    return columns if named or len(columns) > 1 else next(iter(columns.values()))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _pt(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(_array_types()), warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # Not torch's words: their advice, to load it all the same, is how a file runs its code.
        if "Unsupported global" in str(error) or "Unsupported class" in str(error):
            raise _refused(
                path, "holds objects other than tensors and arrays of numbers, which are not read: they could run code"
            ) from None
        raise _refused(path, "is no file of torch.save, or damaged") from None


def _array_types() -> list[Any]:
    """What arrays of numpy are made of, under the names that old and new versions give it."""
    remake = np.zeros(0).__reduce__()[0]
    kinds = {type(np.dtype(code)) for code in np.typecodes["AllInteger"] + np.typecodes["Float"] + "?"}
    names = [f"numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")]
    return [*((remake, name) for name in names), np.ndarray, np.dtype, *kinds]


READERS: dict[str, Callable[[Path], Any]] = {".npy": _npy, ".csv": _csv, ".json": _json, ".pt": _pt, ".pth": _pt}


def _chosen(path: Path, found: Any, key: str | None) -> Any:
    """The labels of a key, of a file that has them by keys, or the only ones."""
    if not isinstance(found, Mapping):
        if key is not None:
            raise ConfigError.at("data.labels.key", f"{path.name} has one set of labels and no keys: leave {key!r} out")
        return found
    known = [str(name) for name in found]
    if key is None and len(known) == 1:
        return next(iter(found.values()))
    if key is None:
        raise ConfigError.at("data.labels.key", f"{path.name} has several labels: say which, of {', '.join(known)}")
    if key not in known:
        raise ConfigError.at("data.labels.key", f"{path.name} has no {key!r}; {nearest(key, known)}")
    return found[next(name for name in found if str(name) == key)]


def _whole_numbers(path: Path, found: Any) -> torch.Tensor:
    if isinstance(found, list):
        for place, item in enumerate(found):
            if not isinstance(item, int) or isinstance(item, bool):
                raise _refused(path, f"label {place} is no whole number but {str(item)[:40]!r}")
            if not -(2**63) <= item < 2**63:
                raise _refused(path, f"label {place} is no class: {item}")
        return torch.tensor(found, dtype=torch.int64)
    if isinstance(found, torch.Tensor):
        whole = not found.is_floating_point() and not found.is_complex() and found.dtype != torch.bool
        shape = tuple(found.shape)
    elif isinstance(found, np.ndarray):
        whole, shape = found.dtype.kind in "iu", found.shape
    else:
        raise _refused(path, f"holds {_named(found)} in place of labels")
    if not whole:
        raise _refused(path, f"holds numbers of type {str(found.dtype).removeprefix('torch.')}, not whole numbers")
    if len(shape) != 1:
        raise _refused(path, f"holds an array of shape {shape}, not one label an image")
    array = found.numpy() if isinstance(found, torch.Tensor) else found
    return torch.from_numpy(array.astype(np.int64))


def _named(found: Any) -> str:
    return {"dict": "a mapping", "str": "text", "NoneType": "nothing"}.get(type(found).__name__, type(found).__name__)


def _is_whole(cell: str) -> bool:
    return cell.strip().removeprefix("-").isdecimal()


def _refused(path: Path, what: str) -> DataMissingError:
    return DataMissingError(f"{KEY}: {path}: {what}")
