"""What runs the targets of a verb name: the one call in which a verb asks."""

from collections.abc import Sequence
from pathlib import Path

from genlab.errors import UsageError
from genlab.rundir.find import find_run
from genlab.rundir.layout import RunDirectory


def runs_named(targets: Sequence[str], runs: Path) -> list[RunDirectory]:
    """The runs of all targets, each once: a directory, an id, its first letters, or a name with all its runs.

    Raises:
        UsageError: a target names no run.
    """
    found: dict[Path, RunDirectory] = {}
    for target in targets:
        for run in _all_of(target, runs):
            found.setdefault(run.path.resolve(), run)
    return list(found.values())


def _all_of(target: str, runs: Path) -> list[RunDirectory]:
    try:
        return [find_run(runs, target)]
    except UsageError:
        paths = sorted(path for path in runs.glob("*-*") if (path / "status.json").exists()) if runs.is_dir() else []
        named = [run for run in map(RunDirectory, paths) if run.name == target]
        if not named:
            raise
        return named
