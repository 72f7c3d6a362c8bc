"""One cell of a sweep as a task of a SLURM job.

At its top this module imports nothing that takes time, so that the handlers of signals are in place at once.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import genlab
from genlab.errors import GenlabError, LockedError, PreemptedError, UsageError

SIGNALS = ("SIGTERM", "SIGUSR1", "SIGUSR2")
# What SLURM sends before the time limit, and before it preempts where it is told to. SIGTERM says that SLURM takes the
# job away, to requeue it itself or because somebody cancelled it; a job that requeued itself then would come back.
ASK_TO_REQUEUE = ("SIGUSR1", "SIGUSR2")
POLL_SECONDS = 2.0


class Stopped(KeyboardInterrupt):
    """A signal came while no training was there to save; a KeyboardInterrupt, so that no pass takes it for its own."""


def run_cell(
    snapshot: str,
    sweep: str,
    scale: str | None,
    overrides: Sequence[str],
    number: int,
    identity: str,
    runs: str,
    data_dir: str,
    device: str | None,
    requeues: int,
) -> None:
    """Train, measure and compress one cell, or the rest of it; ends the process unless that is done.

    On SIGUSR1 or SIGUSR2 the job is saved, requeued and ends with exit code 75; on SIGTERM it is saved and ends so.
    While another process is at work on the cell it waits.

    Args:
        snapshot: directory that genlab must come from.
        sweep, scale, overrides: of `load_sweep`.
        number: of the cell in the sweep.
        identity: its run id when it was submitted.
        runs, data_dir: absolute.
        device: of the measuring and compressing passes.
        requeues: times that the job is requeued at most.
    """
    for name in SIGNALS:
        signal.signal(getattr(signal, name), _stop)
    try:
        if Path(genlab.__file__).resolve().parents[1] != Path(snapshot).resolve():
            raise UsageError(f"genlab comes from {genlab.__file__} and not from {snapshot}, which was submitted")
        stopped_by = _finish(sweep, scale, overrides, number, identity, Path(runs), Path(data_dir), device)
    except Stopped as stop:
        stopped_by = str(stop)
    except GenlabError as error:
        print(f"genlab: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    if stopped_by:
        _ignore_signals()
        _say(_requeued(requeues) if stopped_by in ASK_TO_REQUEUE else "saved", stopped_by)
        sys.exit(PreemptedError.exit_code)


def _finish(
    sweep: str,
    scale: str | None,
    overrides: Sequence[str],
    number: int,
    identity: str,
    runs: Path,
    data_dir: Path,
    device: str | None,
) -> str:
    """Finish the cell; returns the reason why training stopped before, or nothing."""
    import time

    from genlab.config.identity import run_id
    from genlab.data.build import data_fingerprint
    from genlab.rundir.find import directory_of
    from genlab.rundir.status import read_status
    from genlab.sweeps.execute import finish_cell
    from genlab.sweeps.file.grid import load_sweep
    from genlab.sweeps.file.passes import sweep_passes
    from genlab.sweeps.plan import DONE, planned_cell
    from genlab.sweeps.progress import SweepProgress

    loaded = load_sweep(sweep, scale, overrides)
    cell, passes = loaded.cells[number], sweep_passes(loaded)
    if run_id(cell.config, data_fingerprint(cell.config.data, data_dir)) != identity:
        raise UsageError(f"{cell.label}: its images have changed since it was submitted; submit the sweep again")
    waits = False
    with SweepProgress(1, 0, quiet=False) as progress:
        # The log of a task is named after its number, and says itself which cell that is.
        progress.say(f"{cell.label}: {directory_of(runs, cell.config.name, identity).path}")
        while True:
            planned = planned_cell(cell, directory_of(runs, cell.config.name, identity), passes.expected())
            progress.begin([planned])
            if planned.state == DONE:
                break
            # Tried whatever the status says: only the lock knows whether a process on another host is alive.
            try:
                finish_cell(planned, passes, runs=runs, data_dir=data_dir, device=device, progress=progress)
                break
            except LockedError as error:
                if not waits:
                    progress.say(f"waiting: {error}")
                waits = True
                time.sleep(POLL_SECONDS)
            except PreemptedError:
                return str(read_status(directory_of(runs, cell.config.name, identity))["reason"])
        progress.finished(planned_cell(cell, directory_of(runs, cell.config.name, identity), passes.expected()))
    return ""


def _stop(number: int, frame: FrameType | None) -> None:
    _ignore_signals()
    raise Stopped(signal.Signals(number).name)


def _ignore_signals() -> None:
    """Nothing more to hear: being requeued, a job is sent SIGTERM too."""
    for name in SIGNALS:
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def _requeued(requeues: int) -> str:
    """Ask SLURM to put this job back into its queue; what came of it, in words."""
    before = int(os.environ.get("SLURM_RESTART_COUNT", "0"))
    if before >= requeues:
        return f"not requeued, since it has been {before} times (slurm.requeues); submit the sweep again to go on"
    try:
        subprocess.run(["scontrol", "requeue", _task_id()], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        why = str(getattr(error, "stderr", "") or error).strip()
        return f"not requeued ({why}); submit the sweep again to go on"
    return "requeued"


def _task_id() -> str:
    """This task alone: SLURM_JOB_ID of an array's last task is that of the whole array, all of which would requeue."""
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "")


def _say(what: str, why: str) -> None:
    print(f"genlab: stopped ({why}) and {what}", file=sys.stderr, flush=True)
