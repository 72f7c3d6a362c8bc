"""Where the numbers of many runs come from and what they cost, from their provenance and timing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from genlab.errors import GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.provenance import read_provenance
from genlab.rundir.run_tables import table_rows

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Origin:
    """Provenance and cost of a sweep. Each entry of the counted ones is (what, number of runs), most frequent first.

    Attributes:
        runs: that have started.
        versions: library and version, e.g. ("torch 2.6.0", 24).
        devices: device, threads and machine.
        commits: of the checkout, with `changed` where it was not clean.
        codes: hashes of genlab's own files, which tell them apart also where no git does; none of earlier versions.
        training_seconds: of all epochs of all runs together, without evaluation; an epoch that was interrupted counts
            with what its last attempt took.
        started: the first start of any run, ISO 8601 in UTC; empty where none has started.
        stopped: the last stop.
        wall_seconds: between the two.
    """

    runs: int = 0
    versions: Counts = ()
    devices: Counts = ()
    commits: Counts = ()
    codes: Counts = ()
    training_seconds: float = 0.0
    started: str = ""
    stopped: str = ""
    wall_seconds: float = 0.0


@dataclass
class _Collected:
    runs: int = 0
    versions: Counter[str] = field(default_factory=Counter)
    devices: Counter[str] = field(default_factory=Counter)
    commits: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    times: list[str] = field(default_factory=list)


def origin(runs: Sequence[RunDirectory]) -> Origin:
    """What made these runs. Runs that have not started, or whose provenance cannot be read, are passed over."""
    found = _Collected()
    for run in runs:
        try:
            provenance = read_provenance(run)
        except GenlabError:
            continue
        attempts = provenance.get("attempts", [])
        if not attempts:
            continue
        found.runs += 1
        # A run that was resumed may have seen several versions; each counts.
        found.versions.update({f"{k} {v}" for attempt in attempts for k, v in attempt.get("versions", {}).items()})
        found.commits.update({_commit(attempt.get("git", {})) for attempt in attempts} - {""})
        found.codes.update({str(attempt.get("code", "")) for attempt in attempts} - {""})
        execution = provenance.get("execution", {})
        found.devices.update({_device(execution, attempt.get("machine", {})) for attempt in attempts})
        found.times += [str(attempt[key]) for attempt in attempts for key in ("start", "stop") if attempt.get(key)]
        found.seconds += _seconds(run)
    times = sorted(filter(None, map(_time, found.times)))
    return Origin(
        runs=found.runs,
        versions=_counted(found.versions),
        devices=_counted(found.devices),
        commits=_counted(found.commits),
        codes=_counted(found.codes),
        training_seconds=found.seconds,
        started=times[0].isoformat(timespec="seconds") if times else "",
        stopped=times[-1].isoformat(timespec="seconds") if times else "",
        wall_seconds=(times[-1] - times[0]).total_seconds() if times else 0.0,
    )


def _counted(counter: Counter[str]) -> Counts:
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _commit(git: dict[str, Any]) -> str:
    commit = str(git.get("commit", ""))[:12]
    return f"{commit}, with uncommitted changes" if commit and git.get("dirty") else commit


def _device(execution: dict[str, Any], machine: dict[str, Any]) -> str:
    device = str(execution.get("device", "unknown device"))
    gpus = machine.get("gpus") or []
    name = _gpu(gpus, device) if device.startswith("cuda") and gpus else machine.get("processor", "")
    threads = execution.get("threads")
    words = [f"{device} ({name})" if name else device]
    if threads and device == "cpu":
        words.append(f"{threads} thread{'s' if threads != 1 else ''} of {machine.get('cores', '?')} cores")
    return ", ".join(words)


def _gpu(names: Sequence[str], device: str) -> str:
    number = device.partition(":")[2]
    return names[int(number)] if number.isdigit() and int(number) < len(names) else names[0]


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _seconds(run: RunDirectory) -> float:
    try:
        return sum(row["seconds"] or 0.0 for row in table_rows(run, "timing"))
    except GenlabError:
        return 0.0
