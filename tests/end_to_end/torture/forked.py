"""Commands in forked children of this process, which has imported everything already, with something that befalls them.

This process itself computes nothing, so that a child can: threads do not survive a fork.
"""

import errno
import functools
import os
import pickle
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.cli.command import Outcome, genlab

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir")
NEEDS_ROOM = ("open", "os.mkdir", "fsync")
ESCAPED = 255  # something got out of `main`, which nothing should
Befall = Callable[[], None]


def forked(
    folder: Path, arguments: Sequence[object], befall: Befall = lambda: None, *, patience: float = 120.0
) -> Outcome:
    """The outcome of a command in a child that works in a folder; the code is negative for the signal that ended it.

    Args:
        befall: called in the child before the command.
        patience: seconds after which the child is killed; its error is then that it hangs.
    """

    def work() -> Outcome:
        befall()
        try:
            return genlab(*arguments)
        except BaseException:
            return Outcome(ESCAPED, "", traceback.format_exc())

    ended, outcome = in_child(folder, work, patience=patience)
    if ended is None:
        return Outcome(ESCAPED, "", f"hangs: no end after {patience:.0f} s")
    return outcome or Outcome(ended, "", "")


def in_child(folder: Path, work: Callable[[], Any], *, patience: float) -> tuple[int | None, Any]:
    """How a child that works in a folder ended, None where it was killed as it took too long, and what it found."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        code = 1
        try:
            os.chdir(folder)
            _answer(writing, work())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    content, hangs = _read_all(reading, time.monotonic() + patience)
    os.close(reading)
    if hangs:
        os.kill(child, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return None if hangs else ended, pickle.loads(content) if content and ended == 0 else None


def _answer(writing: int, outcome: Any) -> None:
    """What befell the command is over, so that its outcome gets through."""
    Moment.over = True
    content = pickle.dumps(outcome)
    while content:
        content = content[os.write(writing, content) :]


def _read_all(reading: int, until: float) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return b"".join(parts), True
        part = os.read(reading, 1 << 16)
        if not part:
            return b"".join(parts), False
        parts.append(part)


class Moment:
    """Whether the command of this child has come to its end."""

    over = False


def at_operations(folder: Path, act: Callable[[str, int], None]) -> None:
    """Call `act` with the kind and the number of each change that this process makes of files below a folder.

    Changes are files opened for writing, those renamed, removed, made and synced; safetensors opens its own unseen, and
    what it writes is seen when it is synced.
    """
    count = 0

    def seen(kind: str) -> None:
        nonlocal count
        count += 1
        act(kind, count)

    def hook(event: str, arguments: tuple) -> None:
        if (event not in CHANGES and event != "open") or Moment.over:
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        if not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        if os.path.join(os.getcwd(), os.fsdecode(arguments[0])).startswith(f"{folder}/"):
            seen(event)

    def synced(descriptor: int) -> None:
        if not Moment.over:
            seen("fsync")

    os.fsync = synced  # what a process has written outlives it without, and no machine is killed here
    sys.addaudithook(hook)


def operations_of(folder: Path, arguments: Sequence[object]) -> int:
    """How many changes a command makes in a folder."""
    reading, writing = os.pipe()
    outcome = forked(
        folder, arguments, lambda: at_operations(folder, lambda kind, n: (os.write(writing, b"."), None)[1])
    )
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        count = len(pipe.read())
    assert outcome.code == 0, outcome
    return count


def signal_at(folder: Path, number: int, kind: signal.Signals) -> Befall:
    """A signal before the change of a number."""

    def act(event: str, count: int) -> None:
        if count == number:
            os.kill(os.getpid(), kind)

    return functools.partial(at_operations, folder, act)


def signal_after(seconds: float, kind: signal.Signals) -> Befall:
    """A signal after so much time with the command's handlers in their place, if it is not over then."""

    def wait() -> None:
        while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            time.sleep(0.0005)
        time.sleep(seconds)
        if not Moment.over:
            os.kill(os.getpid(), kind)

    return lambda: threading.Thread(target=wait, daemon=True).start()


def killed_in_a_write(size: int) -> Befall:
    """The kernel ends the process in the middle of the write that takes a file beyond a size."""

    def befall() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return befall


def full_from(folder: Path, number: int) -> Befall:
    """No room on the disk from the change of a number on: nothing can be opened, made or synced."""

    def act(event: str, count: int) -> None:
        if count >= number and event in NEEDS_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return functools.partial(at_operations, folder, act)


def files_end_at(folder: Path, number: int, size: int) -> Befall:
    """From the change of a number on no file grows beyond a size: what is longer is cut off in its middle."""

    def act(event: str, count: int) -> None:
        if count == number:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return functools.partial(at_operations, folder, act)
