"""A sweep from its plan to its results."""

import contextlib
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genlab.errors import GenlabError, PreemptedError
from genlab.sweeps.grid import Sweep
from genlab.sweeps.plan import DONE, FAILED, RUNNING, Passes, PlannedCell, planned_cell
from genlab.sweeps.progress import SweepProgress
from genlab.sweeps.results import results_rows, write_results
from genlab.sweeps.work import Only, Work, sweep_plan, sweep_work, wanted
from genlab.sweeps.workers import Ended, run_workers

SOME_FAILED = 3


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
    """Where the results, figures and report of a sweep go: `<runs>/sweeps/<name>-<scale>[-<hash of overrides>]`.

    Overrides of the execution change no result and are not in the hash.
    """
    folder = f"{sweep.name}-{sweep.scale}"
    overrides = sorted(override for override in sweep.overrides if not override.strip().startswith("execution."))
    if overrides:
        folder += "-" + hashlib.sha256("\n".join(overrides).encode()).hexdigest()[:6]
    return runs / "sweeps" / folder


def run_sweep(
    sweep: Sweep,
    *,
    runs: Path,
    data_dir: Path,
    device: str | None,
    jobs: int,
    only: Only | None,
    fail_fast: bool,
    worker: int | None,
    quiet: bool,
) -> Outcome:
    """Run what is not finished and write `results.csv`, of what there is also when stopped.

    Args:
        jobs: processes; more than one start genlab that many times.
        worker: the number of this process among several, which then writes no results; None otherwise.

    Raises:
        PreemptedError, InterruptedByUserError: stopped and saved; the same call goes on.
        DataMissingError: the images are not there.
        GenlabError: workers are killed or fail before they are at any cell.
    """
    work = sweep_work(sweep)
    planned = sweep_plan(sweep, work, runs=runs, data_dir=data_dir)
    pending = wanted(planned, only)
    reasons: dict[str, str] = {}
    first = 0 if worker is None else worker * len(planned) // max(1, jobs)
    done = sum(p.state == DONE for p in planned)
    with (
        _results_anyway(sweep, work, reasons, runs=runs, data_dir=data_dir, write=worker is None),
        SweepProgress(len(planned), done, quiet=quiet) as progress,
    ):
        if worker is None and min(jobs, len(pending)) > 1:
            command = _command(
                sweep, runs=runs, data_dir=data_dir, device=device, jobs=jobs, only=only, fail_fast=fail_fast
            )
            watch = _watch(pending, work.expected(), progress)
            ended = run_workers(
                command,
                min(jobs, len(pending)),
                watch,
                lambda end: fail_fast and end.code not in (0, PreemptedError.exit_code),
            )
            reasons |= _failures(ended)
            watch()
            _refuse_unless_done(ended, pending, work.expected(), reasons)
        elif pending:
            # Imports torch, which a sweep that is done has no need of.
            from genlab.sweeps.execute import work_through

            def finished(now: PlannedCell) -> None:
                if now.state == FAILED:
                    reasons[now.run.run_id] = now.reason
                progress.finished(now)

            work_through(
                planned,
                work,
                runs=runs,
                data_dir=data_dir,
                device=device,
                only=only,
                fail_fast=fail_fast,
                first=first,
                progress=progress,
                finished=finished,
                started=progress.begin,
            )
    # A plan of many cells takes its time; where nothing was to do the first one still holds.
    return collect(
        sweep,
        work,
        runs=runs,
        data_dir=data_dir,
        write=worker is None,
        reasons=reasons,
        known=None if pending else planned,
    )


def collect(
    sweep: Sweep,
    work: Work,
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
    planned = [
        replace(p, state=FAILED, reason=reasons[p.run.run_id])
        if reasons and p.run.run_id in reasons and p.state not in (DONE, FAILED)
        else p
        for p in known or sweep_plan(sweep, work, runs=runs, data_dir=data_dir)
    ]
    path = sweep_folder(sweep, runs) / "results.csv"
    if write:
        write_results(path, results_rows(planned))
    return Outcome(planned, path)


@contextlib.contextmanager
def _results_anyway(
    sweep: Sweep, work: Work, reasons: Mapping[str, str], *, runs: Path, data_dir: Path, write: bool
) -> Iterator[None]:
    """Write the results of what there is when the block ends early."""
    try:
        yield
    except (GenlabError, KeyboardInterrupt):
        if write:
            # The first error is the one to tell, also where the disk is full now.
            with contextlib.suppress(GenlabError):
                collect(sweep, work, runs=runs, data_dir=data_dir, reasons=reasons)
        raise


def _command(
    sweep: Sweep, *, runs: Path, data_dir: Path, device: str | None, jobs: int, only: Only | None, fail_fast: bool
) -> list[str]:
    """The command line of a worker."""
    command = [
        sys.executable,
        "-m",
        "genlab",
        "sweep",
        str(sweep.loaded.path),
        *sweep.overrides,
        "--scale",
        sweep.scale,
    ]
    command += ["--runs", str(runs), "--data-dir", str(data_dir), "--jobs", str(jobs), "--quiet", "--json"]
    command += ["--device", device] if device else []
    command += ["--only", only] if only else []
    return command + (["--fail-fast"] if fail_fast else [])


def _watch(pending: Sequence[PlannedCell], passes: Passes, progress: SweepProgress) -> Callable[[], None]:
    """Looks at the files of the cells that are not done, and tells of those that have come to an end since."""
    left = {p.run.path: p for p in pending}

    def watch() -> None:
        at_work = []
        for path, before in list(left.items()):
            now = planned_cell(before.cell, before.run, passes)
            if now.state == RUNNING:
                at_work.append(now)
                left[path] = now
            elif now.state == DONE or (now.state == FAILED and before.state != FAILED):
                del left[path]
                progress.finished(now)
        progress.at_work(at_work)

    return watch


def _failures(ended: Sequence[Ended]) -> dict[str, str]:
    """Why cells failed, by run id, from what the workers printed."""
    found: dict[str, str] = {}
    for end in ended:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            found |= {cell["id"]: cell["reason"] for cell in json.loads(end.output)["failed"]}
    return found


def _refuse_unless_done(
    ended: Sequence[Ended], pending: Sequence[PlannedCell], passes: Passes, reasons: Mapping[str, str]
) -> None:
    """Raise what made workers end early, where cells are left that say nothing of why."""
    now = [planned_cell(p.cell, p.run, passes) for p in pending]
    if all(p.state in (DONE, FAILED) or p.run.run_id in reasons for p in now):
        return
    for end in ended:
        if end.code not in (0, SOME_FAILED):
            lines = [line for line in end.errors.splitlines() if line.strip()] or [f"a worker ended with {end.code}"]
            kind = PreemptedError if end.code == PreemptedError.exit_code else GenlabError
            error = kind(lines[-1].removeprefix("genlab: "))
            error.exit_code = end.code
            raise error
