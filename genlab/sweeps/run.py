"""A sweep from its plan to its results."""

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from genlab.errors import GenlabError
from genlab.sweeps.file.grid import Sweep
from genlab.sweeps.file.passes import Only, Passes, sweep_passes, sweep_plan, wanted
from genlab.sweeps.group_size import GroupSize
from genlab.sweeps.plan import DONE, FAILED, PlannedCell, told
from genlab.sweeps.processes.assignment import Assignment
from genlab.sweeps.processes.jobs import Jobs, idle_gpus, number_of_jobs
from genlab.sweeps.processes.sweep_in_workers import run_in_workers, worker_command
from genlab.sweeps.progress import SweepProgress
from genlab.sweeps.results import results_rows, write_results


@dataclass(frozen=True)
class Outcome:
    """What has become of a sweep.

    Attributes:
        planned: every cell as it is now.
        results: path of `results.csv`.
    """

    planned: list[PlannedCell]
    results: Path

    @property
    def failed(self) -> list[PlannedCell]:
        """The cells that failed."""
        return [p for p in self.planned if p.state == FAILED]

    @property
    def states(self) -> dict[str, int]:
        """How many cells are in each state."""
        return dict(Counter(p.state for p in self.planned))


def sweep_folder(sweep: Sweep, runs: Path) -> Path:
    """Where the results, figures and report of a sweep go, in `<runs>/sweeps/`.

    For sweeps that come with genlab `<name>-<scale>[-<hash of overrides>]`. For all other files, of which two in
    different folders may have one name, `<name>[-<scale>]-<longer hash of the file's place and the overrides>`. The
    place is that seen from `runs`, so that it survives a move of both together, and editing the file keeps it; a file
    that is moved alone gets a new folder, for which its runs are read and nothing is trained again. Overrides of the
    execution change no result and are not in the hash.
    """
    folder = sweep.name + (f"-{sweep.scale}" if sweep.scale else "")
    overrides = sorted(override for override in sweep.overrides if not override.strip().startswith("execution."))
    if not sweep.packaged:
        place = os.path.relpath(sweep.loaded.path.resolve(), runs.resolve())
        folder += "-" + hashlib.sha256("\n".join([place, *overrides]).encode()).hexdigest()[:12]
    elif overrides:
        folder += "-" + hashlib.sha256("\n".join(overrides).encode()).hexdigest()[:6]
    return runs / "sweeps" / folder


def run_sweep(
    sweep: Sweep,
    *,
    runs: Path,
    data_dir: Path,
    device: str | None,
    jobs: Jobs,
    only: Only | None,
    fail_fast: bool,
    worker: int | None,
    quiet: bool,
    group: GroupSize = "off",
    assignment: Path | None = None,
    sharing: int = 1,
) -> Outcome:
    """Run what is not finished and write `results.csv`, of what there is also when stopped.

    Args:
        jobs: processes; more than one start genlab that many times. "auto" is one a GPU, else one a core.
        worker: the number of this process among several, which then writes no results; None otherwise.
        group: how many cells train together in a process: "auto", "off", or a number at most.
        assignment: where it is one of several, the folder that tells it its cells; `only` does not count then.
        sharing: likewise, how many of them share the memory that its groups are measured by.

    Raises:
        PreemptedError, InterruptedByUserError: stopped and saved; the same call goes on.
        DataMissingError: the images of no cell are there.
        GenlabError: workers are killed or fail before they are at any cell, or cells are left that nobody tells of.
    """
    passes = sweep_passes(sweep)
    planned = sweep_plan(sweep, passes, runs=runs, data_dir=data_dir)
    assigned = Assignment(assignment) if assignment else None
    pending = assigned.of(planned) if assigned else wanted(planned, only)
    reasons: dict[str, str] = {}
    if worker is None or jobs == "auto":
        jobs = number_of_jobs(jobs, pending)
    first = 0 if worker is None else worker * len(planned) // jobs
    done = sum(p.state == DONE for p in planned)
    with (
        _results_anyway(sweep, passes, reasons, runs=runs, data_dir=data_dir, write=worker is None),
        SweepProgress(len(planned), done, quiet=quiet, one_of_several=worker is not None) as progress,
    ):
        if worker is None and not quiet and (idle := idle_gpus(jobs, pending)):
            progress.say(idle)
        if worker is None and jobs > 1:
            command = worker_command(
                sweep, runs=runs, data_dir=data_dir, device=device, jobs=jobs, group=group, quiet=quiet
            )
            run_in_workers(
                command,
                jobs,
                pending,
                passes.expected(),
                progress=progress,
                reasons=reasons,
                fail_fast=fail_fast,
            )
        elif pending:
            # Imports torch, which a sweep that is done has no need of.
            from genlab.sweeps.execute import work_through
            from genlab.sweeps.together import Together

            def started(cells: Sequence[PlannedCell]) -> None:
                if assigned and worker is not None:
                    assigned.begin(worker, [p.run.run_id for p in cells])
                progress.begin(cells)

            def finished(now: PlannedCell) -> None:
                if assigned and worker is not None:
                    assigned.begin(worker, [])
                if now.state == FAILED:
                    reasons[now.run.run_id] = now.reason
                progress.finished(now)

            work_through(
                planned,
                passes,
                runs=runs,
                data_dir=data_dir,
                device=device,
                only=only,
                fail_fast=fail_fast,
                first=first,
                progress=progress,
                finished=finished,
                started=started,
                assigned=assigned,
                together=Together(group, jobs=jobs, sharing=sharing, data_dir=data_dir, progress=progress),
            )
    # A plan of many cells takes its time; where nothing was to do the first one still holds.
    return collect(
        sweep,
        passes,
        runs=runs,
        data_dir=data_dir,
        write=worker is None,
        reasons=reasons,
        known=None if pending else planned,
    )


def collect(
    sweep: Sweep,
    passes: Passes,
    *,
    runs: Path,
    data_dir: Path,
    write: bool = True,
    reasons: Mapping[str, str] | None = None,
    known: Sequence[PlannedCell] | None = None,
) -> Outcome:
    """The state of a sweep now, with its `results.csv` written anew.

    Args:
        known: the plan, if it has just been made.
        reasons: why cells failed, by run id, for those whose files do not say so (no images, no room, a failed pass).
    """
    planned = [told(p, reasons or {}) for p in known or sweep_plan(sweep, passes, runs=runs, data_dir=data_dir)]
    path = sweep_folder(sweep, runs) / "results.csv"
    if write:
        write_results(path, results_rows(planned, sweep.config.derived))
    return Outcome(planned, path)


@contextlib.contextmanager
def _results_anyway(
    sweep: Sweep, passes: Passes, reasons: Mapping[str, str], *, runs: Path, data_dir: Path, write: bool
) -> Iterator[None]:
    """Write the results of what there is when the block ends early."""
    try:
        yield
    except (GenlabError, KeyboardInterrupt):
        if write:
            # The first error is the one to tell, also where the disk is full now.
            with contextlib.suppress(GenlabError):
                collect(sweep, passes, runs=runs, data_dir=data_dir, reasons=reasons)
        raise
