"""Which directories a target names: a directory, an id, a unique prefix of an id, a name, or a pattern of these."""

import fnmatch
import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genlab.config.validation import nearest
from genlab.errors import UsageError, visible
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_rows import RunRows
from genlab.rundir.short_names import said_in_short

PATTERN = re.compile(r"[*?[]")
# More are no help, and may be thousands.
MOST_CANDIDATES = 10
MOST_KEYS = 4


class SeveralRunsError(UsageError):
    """One run is needed and several fit; a line for each candidate."""

    def __str__(self) -> str:
        return "\n".join(map(visible, str(self.args[0]).split("\n")))


@dataclass(frozen=True)
class Found:
    """What a target names.

    Attributes:
        runs: at least one.
        single: whether it is said to be one run, by directory or id, or is the only run of its name.
    """

    runs: tuple[RunDirectory, ...]
    single: bool


def runs_folder(runs: str | os.PathLike[str] | None) -> Path:
    """The directory of runs: as given, else `GENLAB_RUNS`, else `runs`."""
    return Path(runs if runs is not None else os.environ.get("GENLAB_RUNS") or "runs")


def directories_in(runs: Path) -> list[RunDirectory]:
    """Every run of a directory, by name.

    Raises:
        UsageError: `runs` is there and is no directory.
    """
    if runs.exists() and not runs.is_dir():
        raise UsageError(f"{runs}: is a file, not a directory of runs; give that one with --runs")
    names = sorted(p for p in runs.iterdir() if not p.name.startswith(".")) if runs.is_dir() else []
    return [RunDirectory(path) for path in names if (path / "status.json").exists()]


def directory_of(runs: Path, name: str, run_id: str) -> RunDirectory:
    """The directory of a run id: the existing one, whatever name it was started under, or `<runs>/<name>-<run id>`."""
    existing = sorted(p for p in runs.glob(f"*-{run_id}") if p.is_dir()) if runs.is_dir() else []
    return RunDirectory(existing[0] if existing else runs / f"{name}-{run_id}")


def find_run(runs: Path, target: str) -> RunDirectory:
    """The one run that a target names.

    Args:
        target: a directory, a run id, a unique prefix of one (4 characters or more), or the name of a single run.

    Raises:
        UsageError: there is none.
        SeveralRunsError: there are more than one, each told with what it differs in.
    """
    path = Path(target)
    if is_run(path):
        return RunDirectory(path.resolve())
    found = find_runs(runs, target, directories_in(runs)).runs
    if len(found) > 1:
        raise several(target, found)
    return found[0]


def find_runs(runs: Path, target: str, directories: Sequence[RunDirectory]) -> Found:
    """All runs that a target names: one by its directory or id, or all of a name or pattern.

    Args:
        target: as `find_run` takes it, a name of several, or a pattern with `*`, `?` or `[...]` of the names of
            directories, ids and names, or with a slash of paths.
        directories: those of `runs`.

    Raises:
        UsageError: there is none.
        SeveralRunsError: it is the start of the ids of several.
    """
    path = Path(target)
    if is_run(path):
        return Found((RunDirectory(path.resolve()),), single=True)
    if named := [d for d in directories if target in (d.path.name, d.run_id)]:
        return Found(tuple(named), single=True)
    if named := [d for d in directories if d.name == target]:
        return Found(tuple(named), single=len(named) == 1)
    if PATTERN.search(target):
        if named := _like(target, directories):
            return Found(tuple(named), single=False)
        raise UsageError(f"{target}: no run in {runs} is like this; `genlab runs ls` lists them")
    started = [d for d in directories if len(target) >= 4 and d.run_id.startswith(target)]
    if len(started) > 1:
        raise several(target, started)
    if started:
        return Found(tuple(started), single=True)
    if path.is_dir():
        raise UsageError(f"{target}: not a run directory (it has no status.json)")
    raise UsageError(f"{target}: no run of that directory, id or name in {runs}; {_remedy(target, directories)}")


def several(target: str, runs: Sequence[RunDirectory]) -> SeveralRunsError:
    """The error of a target that names several runs where one is needed: each of them with what tells it apart."""
    table = RunRows.of(runs[: 10 * MOST_CANDIDATES])
    keys = table.varying()[:MOST_KEYS]
    keys = ["name", *keys] if len({row.get("name") for row in table.rows}) > 1 else keys
    told = {row["path"]: f"{said_in_short(row, keys, table.known)}  {row['status']}" for row in table.rows}
    lines = [f"  {run.run_id}  {told.get(str(run.path), 'status.json is damaged')}" for run in runs[:MOST_CANDIDATES]]
    if len(runs) > MOST_CANDIDATES:
        lines.append(f"  and {len(runs) - MOST_CANDIDATES} more; `genlab runs ls` lists them")
    return SeveralRunsError("\n".join([f"{target}: names {len(runs)} runs; give the id of one:", *lines]))


def is_run(path: Path) -> bool:
    """Whether a run lies there."""
    return path.is_dir() and (path / "status.json").exists()


def _like(pattern: str, directories: Sequence[RunDirectory]) -> list[RunDirectory]:
    if "/" in pattern:
        paths = sorted(path for path in map(Path, glob.glob(pattern)) if is_run(path))
        return [RunDirectory(path.resolve()) for path in paths]
    matches = re.compile(fnmatch.translate(pattern)).match
    return [d for d in directories if any(map(matches, (d.path.name, d.run_id, d.name)))]


def _remedy(target: str, directories: Sequence[RunDirectory]) -> str:
    if not directories:
        return "there are no runs"
    near = nearest(target, sorted({d.name for d in directories} | {d.run_id for d in directories}))
    return near if near.startswith("did you mean") else "`genlab runs ls` lists them"
