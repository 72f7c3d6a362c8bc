"""What to say of a sweep of which no cell has been run: how to run it, and at which other scale it has been."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from genlab.errors import GenlabError
from genlab.rundir.status import read_status
from genlab.sweeps.file.grid import Sweep, load_sweep
from genlab.sweeps.file.passes import sweep_passes, sweep_plan
from genlab.sweeps.plan import MISSING, PlannedCell


def not_run_notice(sweep: Sweep, planned: Sequence[PlannedCell], *, runs: Path, data_dir: Path) -> str:
    """A notice where no cell of the plan has been started; else nothing.

    Args:
        runs, data_dir: that the plan was made with.
    """
    if any(cell.state != MISSING for cell in planned):
        return ""
    said = [f"No cell has been run; `{_command('sweep', sweep, sweep.scale, runs)}` runs them."]
    for scale in sweep.config.scales:
        finished, cells = _finished(sweep, scale, runs, data_dir) if scale != sweep.scale else (0, 0)
        if finished:
            report = _command("report", sweep, scale, runs)
            said.append(f"At scale {scale} {finished} of {cells} are finished: `{report}`.")
    return " ".join(said)


def _finished(sweep: Sweep, scale: str, runs: Path, data_dir: Path) -> tuple[int, int]:
    """How many cells are finished at a scale, and how many there are; 0 where it cannot be run with these changes."""
    try:
        other = load_sweep(str(sweep.loaded.path), scale, sweep.overrides)
        planned = sweep_plan(other, sweep_passes(other), runs=runs, data_dir=data_dir)
    except GenlabError:
        return 0, 0
    return sum(_is_finished(cell) for cell in planned), len(planned)


def _is_finished(planned: PlannedCell) -> bool:
    try:
        return planned.state != MISSING and read_status(planned.run)["status"] == "finished"
    except GenlabError:
        return False


def _command(verb: str, sweep: Sweep, scale: str | None, runs: Path) -> str:
    """A command that can be typed where this one was."""
    words = ["genlab", verb, sweep.name if sweep.packaged else str(sweep.loaded.path), *sweep.overrides]
    words += ["--scale", scale] if scale else []
    words += ["--runs", str(runs)] if str(runs) != os.environ.get("GENLAB_RUNS", "runs") else []
    return shlex.join(words)
