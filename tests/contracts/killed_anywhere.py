"""Kill a run, or ask it to stop, before each change of its files that can be seen, go on with it, and compare the end.

    python -m tests.contracts.killed_anywhere gradient

What is disturbed is a process of its own, forked from this one, which has imported everything already. Prints what
differs from an undisturbed run; exit code 1 where anything does.
"""

import itertools
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch._dynamo  # noqa: F401 (the first optimiser of a process imports it, which takes a second)

from genlab.config.identity import run_id
from genlab.data.digits import load_digits
from genlab.errors import PreemptedError
from genlab.rundir.find import directory_of
from genlab.rundir.layout import RunDirectory
from genlab.rundir.status import read_status
from genlab.training.progress import Silent
from genlab.training.train_run import train_run
from tests.contracts.procedure_examples import example

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir")
SAME = ("history", "initial", "final", "config")


def before_each_change(runs: Path, act: Callable[[], None]) -> None:
    """Do something before each change that this process makes below `runs`.

    What is written to a temporary file counts when that is renamed, since nobody looks at it before.
    """

    def hook(event: str, arguments: tuple) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        path = str(arguments[0]) if arguments else ""
        if (event in CHANGES or (opened and not path.endswith(".tmp"))) and path.startswith(str(runs)):
            act()

    sys.addaudithook(hook)


def attempt(procedure: str, runs: Path) -> int:
    """Start or go on with the example of a procedure; the exit code that `genlab train` would have."""
    try:
        train_run(example(procedure), runs=runs, data_dir=runs / "none", progress=Silent())
        return 0
    except PreemptedError as error:
        return error.exit_code
    except Exception as error:
        print(f"an attempt failed: {type(error).__name__}: {error}")
        return 1


def disturbed(procedure: str, runs: Path, act: Callable[[], None]) -> int:
    """The exit code of an attempt in a process of its own; negative is the signal that ended it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        before_each_change(runs, act)
        code = attempt(procedure, runs)
    finally:
        os._exit(code)


def changes_of(procedure: str, runs: Path) -> int:
    """How many changes an undisturbed run makes."""
    reading, writing = os.pipe()
    assert disturbed(procedure, runs, lambda: (os.write(writing, b"."), None)[1]) == 0
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return len(pipe.read())


def differences(
    procedure: str, number: int, kind: signal.Signals, folder: Path, expected: RunDirectory
) -> Iterator[str]:
    """What is not as in the undisturbed run, of one that gets a signal before the change of a number."""
    runs, numbers = folder / f"{kind.name}-{number}", itertools.count(1)

    def act() -> None:
        if next(numbers) == number:
            os.kill(os.getpid(), kind)

    first = disturbed(procedure, runs, act)
    if first not in (0, PreemptedError.exit_code, -kind) or (kind == signal.SIGKILL and first != -kind):
        yield f"the first attempt ended with {first}"
    if (second := attempt(procedure, runs)) != 0:
        yield f"the second attempt ended with {second}"
        return
    found = directory_of(runs, expected.name, expected.run_id)
    if read_status(found)["status"] != "finished":
        yield "it has not finished"
    for name in SAME:
        ours, theirs = getattr(found, name), getattr(expected, name)
        if not ours.exists() or ours.read_bytes() != theirs.read_bytes():
            yield f"{ours.name} is not the same"
    yield from (f"{path.name} is left over" for path in found.path.rglob("*.tmp"))


def main(procedure: str) -> int:
    """Try every moment of a procedure's example."""
    load_digits()
    os.fsync = lambda descriptor: None  # what a process has written outlives it without: no machine is killed here
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        changes = changes_of(procedure, folder / "undisturbed")
        config = example(procedure)
        expected = directory_of(folder / "undisturbed", config.name, run_id(config))
        for number in range(1, changes + 1):
            for kind in (signal.SIGKILL, signal.SIGTERM):
                for difference in differences(procedure, number, kind, folder, expected):
                    wrong += 1
                    print(f"{kind.name} before change {number} of {changes}: {difference}")
    print(f"{procedure}: {wrong} differences after a signal before each of {changes} changes")
    return 1 if wrong or not changes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
