"""Removing a run: whole or not at all, also when whoever removes it is killed."""

import contextlib
import shutil
import uuid
from pathlib import Path

from genlab.errors import GenlabError, UsageError

# Hidden, so that nothing takes what is being removed for a run.
PREFIX = ".removed-"


def remove_run(path: Path) -> None:
    """Remove a run's directory with all its files, and what was left of earlier ones that were removed half way.

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
    for left in path.parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            shutil.rmtree(left)
