"""A small sweep on embedded digits, variations of it, and ways to run it."""

import csv
import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from genlab.rundir.layout import RunDirectory
from genlab.sweeps.file.grid import Sweep, load_sweep
from genlab.sweeps.file.passes import sweep_passes, sweep_plan
from genlab.sweeps.plan import PlannedCell
from genlab.sweeps.run import Outcome, run_sweep

SMALL = """\
paper: neyshabur2017
source: Figure 4
asks: Does a sweep do what it should?
base:
  data: {name: digits, train_size: 60}
  model: {name: mlp, widths: [8]}
  training:
    optimiser: {name: sgd, learning_rate: 0.1, momentum: 0.9}
    batch_size: 16
    stop: {epochs: 3}
  execution: {device: cpu, threads: 1}
grid:
  model.widths: [[4], [8]]
seeds: [0, 1]
measure:
  only: [log_l2_norm, parameter_count]
scales:
  smoke: {}
"""
CELLS = 4
# Every cell is a second of training or so: long enough to be interrupted in.
LONG = {"epochs: 3": "epochs: 60", "threads: 1": "threads: 1, checkpoint_every: {epochs: 5}"}
DIVERGES = {"learning_rate: 0.1, momentum: 0.9": "learning_rate: 1.0e+30"}
# In the grid, so that one cell of each seed diverges and the other does not.
SOME_DIVERGE = {"model.widths: [[4], [8]]": "training.optimiser.learning_rate: [0.1, 1.0e+30]"}


def small(changes: dict[str, str] | None = None) -> str:
    """The text of the small sweep with pieces of it replaced."""
    text = SMALL
    for old, new in (changes or {}).items():
        assert old in text, f"{old!r} is not in the small sweep"
        text = text.replace(old, new, 1)
    return text


def sweep_file(folder: Path, changes: dict[str, str] | None = None, name: str = "small") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(small(changes))
    return path


def loaded(folder: Path, changes: dict[str, str] | None = None, *overrides: str, scale: str = "smoke") -> Sweep:
    return load_sweep(str(sweep_file(folder, changes)), scale, overrides)


def planned_cells(sweep: Sweep, runs: Path) -> list[PlannedCell]:
    return sweep_plan(sweep, sweep_passes(sweep), runs=runs, data_dir=runs / "no data")


def states(sweep: Sweep, runs: Path) -> list[str]:
    return [p.state for p in planned_cells(sweep, runs)]


def swept(sweep: Sweep, runs: Path, **options: Any) -> Outcome:
    """The sweep, run in this process and without a word unless told otherwise."""
    usual: dict[str, Any] = {"device": None, "jobs": 1, "only": None, "fail_fast": False, "worker": None, "quiet": True}
    return run_sweep(sweep, runs=runs, data_dir=runs / "no data", **usual | options)


def runs_in(runs: Path) -> list[RunDirectory]:
    return sorted((RunDirectory(path.parent) for path in runs.glob("*/status.json")), key=lambda run: run.path)


def attempts(run: RunDirectory) -> int:
    return len(json.loads(run.provenance.read_text())["attempts"])


def results_of(runs: Path) -> bytes:
    (path,) = runs.glob("sweeps/*/results.csv")
    return path.read_bytes()


def process(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """The command as a process of its own, with one thread, stdout and stderr in one pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "genlab", *map(str, arguments)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


# Twelve cells of one shape, which can train together; at this rate rounding stays what it is.
TOGETHER = {
    "model.widths: [[4], [8]]": "data.labels.corruption: [0.0, 0.5, 1.0]",
    "seeds: [0, 1]": "seeds: [0, 1, 2, 3]",
    "learning_rate: 0.1": "learning_rate: 0.03",
}


def close_tables(found: bytes, expected: bytes, tolerance: float = 1e-4) -> bool:
    """Whether two CSV files say the same but for the rounding of numbers that are no whole ones."""
    ours, theirs = (list(csv.reader(io.StringIO(text.decode()))) for text in (found, expected))
    if [len(row) for row in ours] != [len(row) for row in theirs]:
        return False
    pairs = ((a, b) for one, other in zip(ours, theirs, strict=True) for a, b in zip(one, other, strict=True))
    return all(a == b or _close(a, b, tolerance) for a, b in pairs)


def _close(a: str, b: str, tolerance: float) -> bool:
    try:
        return "." in a + b and math.isclose(float(a), float(b), rel_tol=tolerance, abs_tol=tolerance / 100)
    except ValueError:
        return False
