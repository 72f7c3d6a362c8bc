"""First use of a public data set: downloaded once into the data directory, by one process at a time."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from genlab.errors import DataMissingError

SOCKET_TIMEOUT_SECONDS = 30.0

logger = logging.getLogger(__name__)


def ensure_files(folder: Path, names: Sequence[str], download: Callable[[], object], data_dir: Path) -> None:
    """Downloads where one of the files `names` is not in `folder`; does nothing where all are there.

    What the download prints goes to stderr: stdout is for results.

    Args:
        folder: where the files belong, inside `data_dir`.
        download: fetches what is missing, into `folder`.

    Raises:
        DataMissingError: a file is missing and could not be downloaded.
    """
    missing = _missing(folder, names)
    if not missing:
        return
    reason = ""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(data_dir / f".{folder.relative_to(data_dir).parts[0]}.lock"):
            missing = _missing(folder, names)
            if missing:
                logger.info("downloading %s into %s", ", ".join(missing), folder)
                with contextlib.redirect_stdout(sys.stderr), _socket_timeout(SOCKET_TIMEOUT_SECONDS):
                    download()
                missing = _missing(folder, names)
    except Exception as error:  # torchvision, urllib, tarfile and gzip each raise their own
        missing = _missing(folder, names) or list(names)
        reason = f" ({in_one_line(error)})"
    if missing:
        raise DataMissingError(
            f"{folder / missing[0]} is missing and could not be downloaded{reason}: put {', '.join(missing)} into "
            f"{folder}, or name a directory that has them with --data-dir or GENLAB_DATA"
        )


def damaged(path: Path, what: str) -> DataMissingError:
    """The error for a file that is there and is not what it should be: delete it, and it is downloaded again."""
    return DataMissingError(
        f"{path}: {what}; replace it by the original file, or delete it to download it again, or name another "
        "directory with --data-dir or GENLAB_DATA"
    )


def in_one_line(error: BaseException) -> str:
    """An error's message on one line of at most 200 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."


def _missing(folder: Path, names: Sequence[str]) -> list[str]:
    return [name for name in names if not os.path.isfile(folder / name)]


@contextlib.contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
