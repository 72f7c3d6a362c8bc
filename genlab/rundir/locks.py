"""One process at a time on a run."""

import contextlib
import json
import os
import resource
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from genlab.errors import LockedError
from genlab.rundir.atomic import cannot_write


@contextlib.contextmanager
def locked(runs: Path, run_id: str) -> Iterator[None]:
    """Hold the lock of a run; the kernel releases it when the process dies, however it dies.

    The lock lies beside the run directories, in `<runs>/.locks/`, so that it outlives removal of a run and is the same
    whatever name the run is started under.

    Raises:
        LockedError: another process holds it; the message names that process.
    """
    folder = runs / ".locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{run_id}.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise LockedError(f"run {run_id}: {_holder(folder, run_id)} is at work on it; wait for it or stop it") from None
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        with contextlib.suppress(OSError):
            holder = {"pid": os.getpid(), "started": _start_of(os.getpid()), "host": socket.gethostname()}
            (folder / f"{run_id}.json").write_text(json.dumps(holder))
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / f"{run_id}.json").unlink(missing_ok=True)
        lock.release()


def is_held(runs: Path, run_id: str) -> bool:
    """Whether the process that last took the lock of a run is alive.

    Looks at the holder's process, not at the lock: taking the lock to try it would get in the way of a start at that
    moment. A holder on another host counts as alive, since it cannot be asked.
    """
    holder = _read_holder(runs / ".locks", run_id)
    if holder is None:
        return False
    if holder["host"] != socket.gethostname():
        return True
    try:
        os.kill(holder["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # Numbers of processes are used again, soon so in a container; a process of that number that started at another
    # time is not the holder.
    return bool(holder["started"] == _start_of(holder["pid"]))


def most_locks() -> int:
    """How many locks this process can hold at once: each keeps a file open, and half of the files are for others."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if soft == resource.RLIM_INFINITY else max(1, soft // 2)


def _read_holder(folder: Path, run_id: str) -> dict[str, Any] | None:
    try:
        holder = json.loads((folder / f"{run_id}.json").read_text())
        return {"pid": int(holder["pid"]), "started": holder.get("started"), "host": str(holder["host"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _start_of(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where the system does not tell, or it is a zombie."""
    try:
        state, *numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if state == "Z" else int(numbers[18])
    except (OSError, ValueError, IndexError):
        return None


def _holder(folder: Path, run_id: str) -> str:
    holder = _read_holder(folder, run_id)
    return f"process {holder['pid']} on {holder['host']}" if holder else "another process"
