"""Removing a run: whole or not at all, also when whoever removes it is killed."""

import contextlib
import glob
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from genlab.errors import GenlabError, UsageError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked

# Hidden, so that nothing takes what is being removed for a run.
PREFIX = ".removed-"


def remove_runs(paths: Sequence[Path]) -> Iterator[Path]:
    """Remove runs one after another; gives the directory of each when it is gone.

    Raises:
        LockedError: another process is at work on one of them; before any is removed.
        UsageError, GenlabError: as `remove_run`.
    """
    for path in paths:
        with locked(path.parent, RunDirectory(path).run_id):
            pass
    for path in paths:
        with locked(path.parent, RunDirectory(path).run_id):
            remove_run(path)
        yield path


def remove_run(path: Path) -> None:
    """Remove a run's directory with all its files, and what is left of it from a removal that was killed.

    It is renamed first: whoever is killed then leaves no run that says it is finished and lacks its weights.

    Raises:
        UsageError: it is a link; what that points to belongs to somebody else.
        GenlabError: it cannot be removed.
    """
    if path.is_symlink():
        raise UsageError(f"{path}: is a link to {path.resolve()}; remove the run there, or the link with rm")
    hidden = path.parent / f"{PREFIX}{path.name}-{uuid.uuid4().hex[:8]}"
    try:
        path.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise GenlabError(f"{path}: cannot be removed: {error.strerror}") from error
    clear_removed(path)


def clear_removed(path: Path) -> None:
    """Remove what is left of a run whose removal was killed; to be asked under the run's lock."""
    for left in path.parent.glob(f"{PREFIX}{glob.escape(path.name)}-*"):
        with contextlib.suppress(OSError):
            shutil.rmtree(left)
