"""What is not the same in two folders of runs, clocks and places left out."""

import csv
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from genlab.rundir.atomic import LEFT_OVER_SECONDS
from genlab.rundir.checkpoints import load_tensors

# Clocks, processes and counts of attempts. A page tells all of these.
OTHERWISE = {"timing.csv", "provenance.json", "report.html"}
SECONDS = {"measures.csv", "compression.csv"}
STATUS = ("id", "name", "status", "reason", "final", "config")
LEFT = re.compile(r"\..*\.tmp|\.tmp.{6}|\.removed-.*|\.part-.*")
TOGETHER = 0.05  # what depends on which nets shared a process: sums in another order, and an image on the border


def files_of(folder: Path) -> dict[str, Path]:
    """Every file below a folder by its place in it, without locks."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".locks" not in path.parts)
    return {str(path.relative_to(folder)): path for path in found}


def differences(found: Path, expected: Path, *, together: bool = False) -> list[str]:
    """One line for each file of the expected folder that is not the same, and for each that is too many.

    Args:
        together: whether runs may have been trained beside others or alone, which moves their last bits.
    """
    ours, theirs = files_of(found), files_of(expected)
    lines = [f"{name} is left over" for name in ours if LEFT.fullmatch(Path(name).name)]
    lines += [f"{name} is there" for name in ours.keys() - theirs.keys() if not LEFT.fullmatch(Path(name).name)]
    lines += [f"{name} is missing" for name in theirs.keys() - ours.keys()]
    for name in sorted(ours.keys() & theirs.keys()):
        if Path(name).name not in OTHERWISE and not _same(ours[name], theirs[name], together):
            lines.append(f"{name} differs")
    return lines


def let_time_pass(folder: Path) -> None:
    """Make what was left over in folders where several may write at once so old that nobody can be at it."""
    for name, path in files_of(folder).items():
        if LEFT.fullmatch(path.name) and "sweeps/" in name:
            long_ago = path.stat().st_mtime - 2 * LEFT_OVER_SECONDS
            os.utime(path, (long_ago, long_ago))


def _same(ours: Path, theirs: Path, together: bool) -> bool:
    if ours.name == "status.json":
        one, other = ({key: json.loads(p.read_text()).get(key) for key in STATUS} for p in (ours, theirs))
        return (one | {"final": None} == other | {"final": None}) if together else one == other
    if ours.suffix == ".csv":
        one, other = list(_rows(ours)), list(_rows(theirs))
        if not together:
            return one == other
        return len(one) == len(other) and all(map(_close, one, other))
    if together and ours.suffix == ".safetensors":
        one, other = load_tensors(ours, "")[0], load_tensors(theirs, "")[0]
        return one.keys() == other.keys() and all(one[k].shape == other[k].shape for k in one)
    if together and ours.suffix == ".png":
        return True
    return ours.read_bytes() == theirs.read_bytes()


def _rows(path: Path) -> Iterator[list[str]]:
    """The rows of a table, those of passes in the order of their keys and not of their making."""
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    passes = path.name in SECONDS or path.parent.name == "measures"
    yield header
    for row in sorted(rows) if passes else rows:
        yield [value for column, value in zip(header, row, strict=True) if column != "seconds"]


def _close(one: list[str], other: list[str]) -> bool:
    return len(one) == len(other) and all(map(_near, one, other))


def _near(one: str, other: str) -> bool:
    try:
        return float(one) == pytest.approx(float(other), rel=TOGETHER, abs=TOGETHER)
    except ValueError:
        return one == other
