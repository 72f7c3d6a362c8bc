"""Which directory a run is: by directory, id, unique prefix of an id, or name."""

from pathlib import Path

from genlab.errors import UsageError
from genlab.rundir.layout import RunDirectory


def directory_of(runs: Path, name: str, run_id: str) -> RunDirectory:
    """The directory of a run id: the existing one, whatever name it was started under, or `<runs>/<name>-<run id>`."""
    existing = sorted(p for p in runs.glob(f"*-{run_id}") if p.is_dir()) if runs.is_dir() else []
    return RunDirectory(existing[0] if existing else runs / f"{name}-{run_id}")


def find_run(runs: Path, target: str) -> RunDirectory:
    """The one run that a target names.

    Args:
        target: a directory, a run id, a unique prefix of one (4 characters or more), or the name of a single run.

    Raises:
        UsageError: there is none, or more than one.
    """
    path = Path(target)
    if path.is_dir() and (path / "status.json").exists():
        return RunDirectory(path.resolve())
    candidates = [p for p in runs.iterdir() if (p / "status.json").exists()] if runs.is_dir() else []
    directories = [RunDirectory(p) for p in sorted(candidates)]
    for matches in (
        [d for d in directories if target in (d.path.name, d.run_id)],
        [d for d in directories if d.name == target],
        [d for d in directories if len(target) >= 4 and d.run_id.startswith(target)],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(d.path.name for d in matches[:5])
            raise UsageError(f"{target}: names {len(matches)} runs ({names}); give the id")
    if path.is_dir():
        raise UsageError(f"{target}: not a run directory (it has no status.json)")
    raise UsageError(f"{target}: no run of that directory, id or name in {runs}; `genlab runs ls` lists them")
