"""The `genlab` command as tests call it: in this process where that is enough, else in one of its own."""

import contextlib
import io
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from unittest import mock

from genlab.__main__ import main

ENTRY = "from genlab.__main__ import main; main()"


@dataclass(frozen=True)
class Outcome:
    """What a command left."""

    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def genlab(*arguments: object, answers: str | None = None, out: io.StringIO | None = None) -> Outcome:
    """Run the command in this process, exactly as the console script would.

    With `answers` stdin is a terminal on which they are typed; without it is at its end. Stdout is a pipe, or `out`.
    """
    out, err = out or io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["genlab", *map(str, arguments)]),
        mock.patch.object(sys, "stdin", io.StringIO() if answers is None else Terminal(answers)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code: Any = 0
        except SystemExit as exit_:
            code = exit_.code
    return Outcome(code, out.getvalue(), err.getvalue())


def process(*arguments: object, **options: Any) -> Outcome:
    """Run the command in a process of its own."""
    command = [sys.executable, "-c", ENTRY, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)
    return Outcome(done.returncode, done.stdout, done.stderr)


def refused(outcome: Outcome, code: int, *words: str) -> str:
    """The one line on stderr of a command that failed with `code` and printed nothing else; it has all the words."""
    assert outcome.code == code, outcome
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("genlab: ")]
    assert outcome.err.splitlines()[-1] == line, "nothing after it"
    for word in words:
        assert word in line, f"{word!r} is not in {line!r}"
    return line
