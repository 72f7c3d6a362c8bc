"""A sweep in several processes: what each is told, and what has become of it by the files of the cells."""

import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from genlab.errors import GenlabError, PreemptedError
from genlab.sweeps.expected_rows import ExpectedRows
from genlab.sweeps.file.grid import Sweep
from genlab.sweeps.group_size import GroupSize
from genlab.sweeps.plan import DONE, FAILED, RUNNING, PlannedCell, planned_cell, told
from genlab.sweeps.processes.assignment import assign
from genlab.sweeps.processes.jobs import gpus_in_turn
from genlab.sweeps.processes.kills import Kills
from genlab.sweeps.processes.workers import Ended, run_workers
from genlab.sweeps.progress import SweepProgress

SOME_FAILED = 3


def worker_command(
    sweep: Sweep, *, runs: Path, data_dir: Path, device: str | None, jobs: int, group: GroupSize, quiet: bool
) -> list[str]:
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
    command += ["--runs", str(runs), "--data-dir", str(data_dir), "--jobs", str(jobs), "--group", str(group)]
    command += ["--json", *(["--quiet"] if quiet else [])]
    return command + (["--device", device] if device else [])


def run_in_workers(
    command: Sequence[str],
    jobs: int,
    pending: Sequence[PlannedCell],
    expected: ExpectedRows,
    *,
    progress: SweepProgress,
    reasons: dict[str, str],
    fail_fast: bool,
) -> None:
    """Work on cells in several processes.

    Args:
        command: of a worker.
        jobs: processes.
        expected: the rows that a cell has when it is done.
        progress: told of cells that come to an end, and what the processes say.
        reasons: why cells failed, by run id; what no file of theirs says is added.
        fail_fast: end after the first cell that fails.

    Raises:
        PreemptedError, InterruptedByUserError: stopped and saved.
        GenlabError: workers are killed or fail before they are at any cell, or cells are left that nobody tells of.
    """
    with tempfile.TemporaryDirectory(prefix="genlab-sweep-") as folder:
        kills = Kills(assign(Path(folder), pending), pending, reasons)
        watch = _watch(pending, expected, progress, reasons)

        def stop_after(end: Ended) -> bool:
            failed = bool(kills.given_up) if end.code < 0 else end.code not in (0, PreemptedError.exit_code)
            return fail_fast and failed

        more = [*(["--fail-fast"] if fail_fast else []), "--assignment", folder]
        ended = run_workers(
            [*command, *more],
            jobs,
            watch,
            stop_after,
            kills,
            heard=progress.heard,
            gpus=lambda: gpus_in_turn(pending),
        )
    reasons |= _failures(ended)
    watch()
    _refuse_unless_done(ended, pending, expected, reasons, some=fail_fast)


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
                now = told(now, reasons)
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
