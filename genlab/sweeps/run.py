"""A sweep from its plan to its results."""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genlab.errors import GenlabError, PreemptedError
from genlab.sweeps.expected_rows import ExpectedRows
from genlab.sweeps.file.grid import Sweep
from genlab.sweeps.file.passes import Only, Passes, sweep_passes, sweep_plan, wanted
from genlab.sweeps.group_size import GroupSize
from genlab.sweeps.plan import DONE, FAILED, RUNNING, PlannedCell, planned_cell
from genlab.sweeps.processes.assignment import Assignment, assign
from genlab.sweeps.processes.kills import Kills
from genlab.sweeps.processes.workers import Ended, run_workers
from genlab.sweeps.progress import SweepProgress
from genlab.sweeps.results import results_rows, write_results

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
    jobs: int,
    only: Only | None,
    fail_fast: bool,
    worker: int | None,
    quiet: bool,
    group: GroupSize = "off",
    assignment: Path | None = None,
) -> Outcome:
    """Run what is not finished and write `results.csv`, of what there is also when stopped.

    Args:
        jobs: processes; more than one start genlab that many times.
        worker: the number of this process among several, which then writes no results; None otherwise.
        group: how many cells train together in a process: "auto", "off", or a number at most.
        assignment: where it is one of several, the folder that tells it its cells; `only` does not count then.

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
    first = 0 if worker is None else worker * len(planned) // max(1, jobs)
    done = sum(p.state == DONE for p in planned)
    with (
        _results_anyway(sweep, passes, reasons, runs=runs, data_dir=data_dir, write=worker is None),
        SweepProgress(len(planned), done, quiet=quiet) as progress,
    ):
        if worker is None and min(jobs, len(pending)) > 1:
            command = _command(sweep, runs=runs, data_dir=data_dir, device=device, jobs=jobs, fail_fast=fail_fast)
            command += ["--group", str(group)]
            _run_in_workers(command, min(jobs, len(pending)), pending, passes.expected(), progress, reasons, fail_fast)
        elif pending:
            # Imports torch, which a sweep that is done has no need of.
            from genlab.sweeps.execute import work_through
            from genlab.sweeps.together import Together

            def started(cells: Sequence[PlannedCell]) -> None:
                if assigned and worker is not None:
                    assigned.begin(worker, [p.run.run_id for p in cells])
                progress.begin(cells[0], len(cells) - 1)

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
                together=Together(group, jobs=jobs, data_dir=data_dir, progress=progress),
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
    planned = [_told(p, reasons or {}) for p in known or sweep_plan(sweep, passes, runs=runs, data_dir=data_dir)]
    path = sweep_folder(sweep, runs) / "results.csv"
    if write:
        write_results(path, results_rows(planned))
    return Outcome(planned, path)


def _told(planned: PlannedCell, reasons: Mapping[str, str]) -> PlannedCell:
    """A cell that failed where its files do not say so."""
    if planned.run.run_id in reasons and planned.state not in (DONE, FAILED):
        return replace(planned, state=FAILED, reason=reasons[planned.run.run_id])
    return planned


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


def _run_in_workers(
    command: Sequence[str],
    jobs: int,
    pending: Sequence[PlannedCell],
    expected: ExpectedRows,
    progress: SweepProgress,
    reasons: dict[str, str],
    fail_fast: bool,
) -> None:
    """Work on cells in several processes; why they failed, where no file of theirs says so, is added to the reasons."""
    with tempfile.TemporaryDirectory(prefix="genlab-sweep-") as folder:
        kills = Kills(assign(Path(folder), pending), pending, reasons)
        watch = _watch(pending, expected, progress, reasons)

        def stop_after(end: Ended) -> bool:
            failed = bool(kills.given_up) if end.code < 0 else end.code not in (0, PreemptedError.exit_code)
            return fail_fast and failed

        ended = run_workers([*command, "--assignment", folder], jobs, watch, stop_after, kills)
    reasons |= _failures(ended)
    watch()
    _refuse_unless_done(ended, pending, expected, reasons, some=fail_fast)


def _command(sweep: Sweep, *, runs: Path, data_dir: Path, device: str | None, jobs: int, fail_fast: bool) -> list[str]:
    """The command line of a worker."""
    command = [
        sys.executable,
        "-m",
        "genlab",
        "sweep",
        str(sweep.loaded.path),
        *sweep.overrides,
        *(["--scale", sweep.scale] if sweep.scale else []),
    ]
    command += ["--runs", str(runs), "--data-dir", str(data_dir), "--jobs", str(jobs), "--quiet", "--json"]
    command += ["--device", device] if device else []
    return command + (["--fail-fast"] if fail_fast else [])


def _watch(
    pending: Sequence[PlannedCell], expected: ExpectedRows, progress: SweepProgress, reasons: Mapping[str, str]
) -> Callable[[], None]:
    """Looks at the files of the cells that are not done, and tells of those that have come to an end since.

    Args:
        reasons: why cells failed whose files do not say so, by run id, as far as it is known.
    """
    left = {p.run.path: p for p in pending}

    def watch() -> None:
        at_work = []
        for path, before in list(left.items()):
            now = planned_cell(before.cell, before.run, expected)
            if now.state != RUNNING:
                now = _told(now, reasons)
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
    ended: Sequence[Ended],
    pending: Sequence[PlannedCell],
    expected: ExpectedRows,
    reasons: Mapping[str, str],
    *,
    some: bool,
) -> None:
    """Raise what made workers end early, where cells are left that say nothing of why.

    Args:
        some: whether cells may be left, since the first failure ends the sweep.
    """
    now = [planned_cell(p.cell, p.run, expected) for p in pending]
    left = [p for p in now if p.state not in (DONE, FAILED) and p.run.run_id not in reasons]
    if not left:
        return
    for end in ended:
        if end.code not in (0, SOME_FAILED):
            lines = [line for line in end.errors.splitlines() if line.strip()] or [f"a worker ended with {end.code}"]
            kind = PreemptedError if end.code == PreemptedError.exit_code else GenlabError
            error = kind(lines[-1].removeprefix("genlab: "))
            error.exit_code = end.code
            raise error
    if not some:
        raise GenlabError(f"{len(left)} cells are not done and say nothing of why, such as {left[0].cell.label}")
