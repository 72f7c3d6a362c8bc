"""Run what of a sweep is not finished; any number of processes may do so at once and share the cells by their locks."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from genlab.errors import DataMissingError, GenlabError, InterruptedByUserError, LockedError, PreemptedError
from genlab.hardware.devices import resolve_device
from genlab.rundir.find import directory_of
from genlab.rundir.kept_weights import not_kept
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.status import read_status
from genlab.signals import Signalled, preemptible, raise_if_asked_to_stop
from genlab.sweeps.expected_rows import promised_epochs
from genlab.sweeps.file.passes import Only, Passes, wanted
from genlab.sweeps.plan import (
    DONE,
    FAILED,
    MISSING,
    RESUMABLE,
    RUNNING,
    MissingData,
    PlannedCell,
    failure_time,
    planned_cell,
)
from genlab.sweeps.processes.assignment import Assignment
from genlab.sweeps.together import Together
from genlab.training.progress import Progress
from genlab.training.train_run import train_run

POLL_SECONDS = 0.5


def work_through(
    planned: Sequence[PlannedCell],
    passes: Passes,
    *,
    runs: Path,
    data_dir: Path,
    device: str | None,
    only: Only | None,
    fail_fast: bool,
    first: int,
    progress: Progress,
    finished: Callable[[PlannedCell], None],
    started: Callable[[Sequence[PlannedCell]], None] = lambda cells: None,
    assigned: Assignment | None = None,
    together: Together | None = None,
) -> None:
    """Train, measure, compress and bound every cell that is not done, waiting for those that other processes are at.

    A cell that fails, for whatever reason, is left, and the others go on; a cell that had failed before is tried again
    only with `only="failed"`. The time budget of the cells' config is also one for all of them together: no cell is
    begun after it is used up.

    Args:
        device: of the passes; cells train on what their config says.
        only: "failed": none but the cells that have failed; "missing": none but those that never started.
        fail_fast: end after the first cell that fails here.
        first: the cell to begin with, so that processes that start together begin apart.
        finished: called with each cell that is done or has failed, once.
        started: called with the cells that this process begins to work on: one, or those that train together.
        assigned: the cells of this call where it is one of several processes; `only` does not count then.
        together: chooses which cells train at once; None for one at a time.

    Raises:
        PreemptedError, InterruptedByUserError: this process was asked to stop; the cell at hand is saved.
        DataMissingError: the images of every cell of the sweep are missing.
    """
    expected, missing = passes.expected(), MissingData(p.cell for p in planned)
    begun = time.monotonic()
    ordered = [*planned[first:], *planned[:first]]
    pending = assigned.of(ordered) if assigned else wanted(ordered, only)

    def available(planned: PlannedCell) -> bool:
        now = planned_cell(planned.cell, planned.run, expected)
        return now.state in (MISSING, RESUMABLE) and not (assigned and assigned.given_up(now.run.run_id))

    before = assigned.cells if assigned else {p.run.run_id: failure_time(p) for p in pending}
    with _resumable():
        while pending:
            waiting = []
            for planned_before in pending:
                raise_if_asked_to_stop()
                now = planned_cell(planned_before.cell, planned_before.run, expected)
                # What failed in some process just now has had its chance; what failed before counts only if asked for.
                failed_meanwhile = now.state == FAILED and failure_time(now) != before[now.run.run_id]
                if now.state == DONE or failed_meanwhile:
                    finished(now)
                    continue
                if now.state == RUNNING and _at_work(runs, now.run):
                    waiting.append(planned_before)
                    continue
                if reason := missing.reason(now.cell) or (assigned.given_up(now.run.run_id) if assigned else ""):
                    finished(replace(now, state=FAILED, reason=reason))
                    continue
                _refuse_after(now.cell.config.execution.time_budget, begun)
                group = [now]
                try:
                    group = together.group_of(now, pending, available) if together else [now]
                    if together and len(group) > 1:
                        started(group)
                        together.train(group, runs=runs)
                        here = [planned_cell(p.cell, p.run, expected) for p in (group if fail_fast else [now])]
                        if failed := [p for p in here if p.state == FAILED]:
                            for p in failed:
                                finished(p)
                            if fail_fast:
                                return
                            continue
                    started([now])
                    finish_cell(now, passes, runs=runs, data_dir=data_dir, device=device, progress=progress)
                except LockedError:
                    waiting.append(planned_before)
                    continue
                except (PreemptedError, InterruptedByUserError) as error:
                    raise type(error)(f"{_stopped(group)}; the same command goes on") from None
                except Exception as error:
                    raise_if_asked_to_stop()
                    if isinstance(error, DataMissingError):
                        missing.add(now.cell, error)
                    # Not only what genlab expects: a cell that runs out of memory is no reason to lose the others.
                    finished(PlannedCell(now.cell, now.run, FAILED, _in_one_line(error)))
                    if fail_fast:
                        return
                    continue
                finished(planned_cell(now.cell, now.run, expected))
            if len(waiting) == len(pending):
                time.sleep(POLL_SECONDS)
            pending = waiting


def finish_cell(
    planned: PlannedCell, passes: Passes, *, runs: Path, data_dir: Path, device: str | None, progress: Progress
) -> None:
    """Train a cell, or the rest of it, and do those of the passes whose rows it lacks.

    Raises:
        GenlabError: the passes are also about weights at epochs that the run did not keep; after all that can be done.
    """
    diverged = planned.state == FAILED and planned.run.status.exists() and read_status(planned.run).get("diverged")
    config = planned.cell.config
    result = train_run(config, runs=runs, data_dir=data_dir, progress=progress, force=bool(diverged))
    expected, ends = passes.expected(), promised_epochs(config, result.status)
    measures, labels = expected.measures_left(result.run, ends), expected.settings_left(result.run, ends)
    bounds = expected.bounds_left(result.run, ends)
    if not measures and not labels and not bounds:
        return
    # They import pandas, a fifth of a second that a sweep without passes does not need.
    from genlab.bounds.bound_run import bound_run
    from genlab.compression.compress_run import compress_run
    from genlab.measures.computing.measure_run import measure_run
    from genlab.rundir.finished import load_run

    run, where = load_run(result.run.path, data_dir), resolve_device(device or "auto")
    left, kept = dict.fromkeys([*measures, *labels, *bounds]), run.epochs
    lacking = [end for end in left if end is not None and end not in kept]
    for end in left:
        if end in lacking:
            continue
        of = "" if end is None else f" epoch {end}"
        if rows := measures.get(end):
            with progress.doing(f"measuring{of}") as naming:
                measure_run(run, passes.request(rows), device=where, epochs=[end], begins=naming)
        if chosen := labels.get(end):
            settings = [setting for setting in passes.settings if (setting.method, setting.label) in chosen]
            with progress.doing(f"compressing{of}") as naming:
                for row in compress_run(run, settings, device=where, save=False, epochs=[end]):
                    naming(f"after {row['method']} {row['setting']}")
        if rows := bounds.get(end):
            with progress.doing(f"bounding{of}") as naming:
                bound_run(run, passes.bounds_request(rows), device=where, epochs=[end], begins=naming)
    if lacking:
        raise GenlabError(f"{result.run.path}: {not_kept(result.run, lacking, config.execution.keep_weights_at)}")


@contextlib.contextmanager
def _resumable() -> Iterator[None]:
    """Outside of training, which saves first, the signals that end it end this process as they end a run: resumable."""
    with preemptible():
        try:
            yield
        except Signalled as signalled:
            raise PreemptedError(f"stopped by {signalled}; the same command goes on") from None


def _at_work(runs: Path, run: RunDirectory) -> bool:
    """Whether a process holds the lock of a run whose status says so; that of a process killed elsewhere still does."""
    try:
        with locked(runs, run.run_id):
            return False
    except LockedError:
        return True


def _refuse_after(budget: float | None, begun: float) -> None:
    if budget is not None and time.monotonic() - begun >= budget:
        raise PreemptedError(f"the time budget of {budget:g} s is used up; the same command goes on")


def _stopped(group: Sequence[PlannedCell]) -> str:
    others = f" and those trained with it are saved ({len(group)} in all)" if len(group) > 1 else " is saved"
    return f"stopped ({_reason(group)}), the cell {group[0].cell.label}{others}"


def _reason(group: Sequence[PlannedCell]) -> str:
    """Why they were stopped; of those in a group some may be trained elsewhere or not have begun."""
    for planned in group:
        run = directory_of(planned.run.path.parent, planned.cell.config.name, planned.run.run_id)
        status = read_status(run) if run.status.exists() else {"status": ""}
        if status["status"] in ("preempted", "interrupted"):
            return str(status["reason"])
    return "a signal"


def _in_one_line(error: Exception) -> str:
    text = "; ".join(str(error).splitlines())
    return text if isinstance(error, GenlabError) else f"{type(error).__name__}: {text}"
