"""Files that are either the old one or the new one, never half of one."""

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genlab.errors import GenlabError

# A temporary file this old belongs to a writer that was killed: writing the largest takes minutes.
LEFT_OVER_SECONDS = 24 * 3600.0


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`; what is written there is synced and renamed to `path` when the block ends well.

    Old temporary files of `path` itself, whose writers were killed, are removed.

    Raises:
        GenlabError: the disk is full, the folder cannot be written to, or the like. `path` is then as it was before.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(descriptor)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        _sync(temporary)
        temporary.replace(path)
        temporary = None
        _sync(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed. Nobody may be writing in the folder."""
    # Besides ours those of safetensors, which writes to a name of its own in the same folder.
    for path in [*folder.glob(".*.tmp"), *folder.glob(".tmp??????")]:
        with contextlib.suppress(OSError):
            path.unlink()


def _remove_abandoned(path: Path) -> None:
    """Where several processes write at once, as in the folder of a sweep, only age tells what nobody is at any more."""
    with os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(f".{path.name}.") and entry.name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > LEFT_OVER_SECONDS:
                        os.unlink(entry.path)


def write_text(path: Path, text: str) -> None:
    """Replace a small text file atomically."""
    with replacing(path) as temporary:
        # A path may have bytes that are no text.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def cannot_write(path: Path, error: OSError) -> GenlabError:
    """The one line for a file that cannot be written, with the remedy."""
    reason = error.strerror or str(error)
    return GenlabError(
        f"{path}: cannot be written: {reason}; make room or give another place with --runs, then start again"
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
