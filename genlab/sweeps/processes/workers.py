"""Several processes on one sweep, each pinned to a GPU or to its share of the cores."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from genlab.errors import GenlabError, InterruptedByUserError, PreemptedError
from genlab.rundir.command_line import VARIABLE, typed_command
from genlab.sweeps.processes.jobs import sharing

POLL_SECONDS = 0.5
RESTARTS = 3
PATIENCE_SECONDS = 30.0
PR_SET_PDEATHSIG = 1
MOST_BYTES = 2**16  # of what a process has said, at a time
SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2")


@dataclass(frozen=True)
class Ended:
    """A process that has ended by itself.

    Attributes:
        code: its exit code.
        output: what it wrote to stdout.
        errors: what it wrote to stderr.
    """

    code: int
    output: str
    errors: str


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    errors: IO[bytes]
    heard: int = 0

    def lines(self) -> list[str]:
        """The whole lines that it has written to stderr since this was last asked."""
        # Not by `seek`, which would move the place at which the process writes.
        found = os.pread(self.errors.fileno(), MOST_BYTES, self.heard)
        whole = found if len(found) == MOST_BYTES else found[: found.rfind(b"\n") + 1]
        self.heard += len(whole)
        return whole.decode(errors="replace").splitlines()

    def ended(self, code: int) -> Ended:
        texts = []
        for file in (self.output, self.errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        return Ended(code, *texts)


def run_workers(
    command: Sequence[str],
    jobs: int,
    watch: Callable[[], None],
    stop_after: Callable[[Ended], bool],
    killed: Callable[[int, str], bool],
    *,
    heard: Callable[[str], None] = lambda line: None,
    gpus: Callable[[], Sequence[str]] = tuple,
) -> list[Ended]:
    """Run `jobs` processes of a command until all have ended, and start one anew that was killed.

    Each gets `--worker NUMBER` and `--sharing` with the processes that share memory with it at its end, one GPU in turn
    if there are any, and its share of the cores with as many threads. They end with this process, also when it is
    killed (on Linux).

    Args:
        watch: called twice a second while they run.
        stop_after: whether the others are to be stopped, which saves their cells, now that one has ended so; a killed
            one has ended with the signal's number, negative.
        killed: called with the number of a process that was killed and the signal's name; whether it was at any work.
        heard: called with each line that one writes to stderr, but for the one with which genlab ends in an error.
        gpus: gives those that processes are pinned to, as `CUDA_VISIBLE_DEVICES` names them; may take seconds.

    Returns:
        Those that ended by themselves.

    Raises:
        PreemptedError, InterruptedByUserError: this process was asked to stop, and the workers have saved and ended.
        GenlabError: workers are killed again and again before they are at any work.
    """
    stopped_by = ""
    workers: dict[int, _Worker] = {}
    ended: list[Ended] = []

    def forward(number: int, frame: object) -> None:
        nonlocal stopped_by
        stopped_by = signal.Signals(number).name
        _send(workers, number)

    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, forward) for number in numbers}
    restarts, stopping = 0, False

    def begin(number: int) -> None:
        """Start one, unless this process was asked to stop; one that was started at that moment is told."""
        if not stopped_by:
            workers[number] = _start(command, number, jobs, pinned)
        if stopped_by:
            _send(workers, getattr(signal, stopped_by))

    try:
        pinned = gpus()
        for number in range(jobs):
            begin(number)
        while workers:
            time.sleep(POLL_SECONDS)
            watch()
            for number, worker in list(workers.items()):
                code = worker.process.poll()
                for line in worker.lines():
                    if not line.startswith("genlab: "):
                        heard(line)
                if code is None:
                    continue
                del workers[number]
                result = worker.ended(code)
                if stopped_by or stopping:
                    continue
                if code >= 0:
                    ended.append(result)
                elif not killed(number, by := _name(-code)):
                    restarts += 1
                    if restarts > RESTARTS * jobs:
                        raise GenlabError(f"workers are killed again and again (by {by}); see to the machine's memory")
                if stop_after(result):
                    stopping = True
                    _send(workers, signal.SIGTERM)
                elif code < 0:
                    begin(number)
    finally:
        _send(workers, signal.SIGTERM)
        for worker in workers.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(PATIENCE_SECONDS)
        for number, handler in before.items():
            signal.signal(number, handler)
    if stopped_by:
        kind = InterruptedByUserError if stopped_by == "SIGINT" else PreemptedError
        raise kind(f"stopped ({'Ctrl-C' if stopped_by == 'SIGINT' else stopped_by}); the same command goes on")
    return ended


def cores_of(number: int, jobs: int, cores: Sequence[int]) -> list[int]:
    """The share of the cores of one of several processes: every `jobs`-th one, or one where there are too few."""
    return list(cores[number::jobs]) if jobs <= len(cores) else [cores[number % len(cores)]]


def _start(command: Sequence[str], number: int, jobs: int, gpus: Sequence[str]) -> _Worker:
    environment = os.environ | {VARIABLE: typed_command()}
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    share = cores_of(number, jobs, cores)
    # A limit that the user has set on the threads of a process holds for each worker too.
    limit = environment.get("OMP_NUM_THREADS", "")
    threads = max(1, len(cores) // jobs)
    environment["OMP_NUM_THREADS"] = str(min(threads, int(limit)) if limit.isdigit() and int(limit) > 0 else threads)
    if gpus:
        environment["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
    parent = os.getpid()

    def prepare() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, share)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)

    output, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - read when the worker has ended
    # A session of their own would keep Ctrl-C from them; a group of their own lets the parent decide who hears of it.
    process = subprocess.Popen(
        [*command, "--worker", str(number), "--sharing", str(sharing(number, jobs, gpus))],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        preexec_fn=prepare,  # noqa: PLW1509 - this process has no threads when it starts workers
        process_group=0,
    )
    return _Worker(process, output, errors)


def _name(number: int) -> str:
    """The name of a signal; not all of them have one."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def _send(workers: dict[int, _Worker], number: int) -> None:
    for worker in list(workers.values()):
        if worker.process.poll() is None:
            worker.process.send_signal(number)
