"""The `genlab` command: its verbs, and errors as one line and a documented exit code."""

import errno
import os
import sys
import traceback
from typing import Any

import typer

from genlab import __version__
from genlab.cli import (
    bench,
    bounds,
    compress,
    config,
    demo,
    export,
    measure,
    plot,
    report,
    runs,
    runs_log,
    sweep,
    train,
    zoo,
)
from genlab.cli import ls as listing
from genlab.cli.wrong_option import say_how_to_write
from genlab.errors import (
    EXIT_CODES,
    GenlabError,
    InterruptedByUserError,
    LockedError,
    PreemptedError,
    UsageError,
    reason_of,
    shortened,
    visible,
)
from genlab.signals import Received, preemptible

# Newer typer carries click inside it and older typer depends on it; either way this is the base of its errors.
COMMAND_LINE_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

# By which a shell asks for completions.
ASKED = "_GENLAB_COMPLETE"
STOPPED = (PreemptedError, InterruptedByUserError, LockedError)

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."

# What `genlab` alone says, and above all the reference of `genlab --help`.
FIRST = """Train small image classifiers under controlled corruption, measure and compress them, see which claims hold.

To begin with, on images that come along:

\b
genlab demo               three nets with true and random labels, told apart
genlab train digits-mlp   one net, in seconds
genlab config new sweep   an experiment of your own, as a file to start from
"""

app = typer.Typer(
    help=FIRST,
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train.train)
app.command("measure")(measure.measure)
app.command("compress")(compress.compress)
app.command("bounds")(bounds.bounds)
app.command("sweep")(sweep.sweep)
app.command("report")(report.report)
app.command("plot")(plot.plot)
app.command("export")(export.export)
app.command("zoo")(zoo.zoo)
app.command("bench")(bench.bench)
app.command("ls")(listing.ls)
app.command("demo")(demo.demo)
runs.app.command("log")(runs_log.log)
app.add_typer(runs.app, name="runs")
app.add_typer(config.app, name="config")


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Show the version.")) -> None:
    """Show the version where it is asked for; all else is done by verbs."""
    if show:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; every expected failure is one line on stderr and an exit code of `EXIT_CODES`."""
    verbose = bool({"-v", "--verbose"} & set(sys.argv[1:]))
    # Threads that wait are to sleep: beside other work, two that spin took up to 30 times as long a step as one. OpenMP
    # reads this once, when torch is loaded, which is later than here.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    received = Received()
    try:
        with preemptible() as received:
            code = complete() if ASKED in os.environ else app(standalone_mode=False)
            if code == 130:  # newer typer makes this of Ctrl-C and says nothing
                raise KeyboardInterrupt
            sys.stdout.flush()
    except GenlabError as error:
        _tell(str(error), verbose)
        code = error.exit_code
        if not isinstance(error, STOPPED):
            code = _code_of(received) or code
    except COMMAND_LINE_ERROR as error:
        code = _tell_of_command_line(error)
    except (KeyboardInterrupt, typer.Abort):
        _tell(_stopped(received), verbose=False)
        code = _code_of(received) or InterruptedByUserError.exit_code
    except BrokenPipeError:
        code = 1  # whoever read our output has gone; there is nobody left to tell
    except Exception as error:
        # One that a signal has caused, as it came in the middle of an import, is the signal's.
        stopped = _code_of(received)
        _tell(_stopped(received) if stopped else _unexpected(error), verbose)
        code = stopped or (UsageError.exit_code if _is_no_path(error) else 1)
    finally:
        _drop_what_stdout_cannot_take()
    sys.exit(code if isinstance(code, int) else 0)


def complete() -> Any:
    """Answer a shell that asks how a line could go on."""
    from genlab.cli.completion import complete_in

    return complete_in(app, lambda: app(prog_name="genlab", standalone_mode=False))


def _stopped(received: Received) -> str:
    return f"stopped ({received.name}); the same command goes on" if received.name else "interrupted"


def _code_of(received: Received) -> int:
    """The exit code of a command that was asked to stop, whatever came out of it; 0 where nobody asked."""
    if received.name:
        return PreemptedError.exit_code
    return InterruptedByUserError.exit_code if received.interrupted else 0


def _unexpected(error: Exception) -> str:
    """A file that the system refuses; else a bug, or the machine's fault: still one line, with the way to more."""
    if isinstance(error, OSError) and isinstance(error.filename, str | bytes) and error.filename:
        return visible(f"{os.fsdecode(error.filename)}: {reason_of(error)}")
    first = visible((str(error).splitlines() or [""])[0])
    return f"{type(error).__name__}: {first} (-v shows where)"


def _is_no_path(error: Exception) -> bool:
    """Whether the system refuses the path itself, whatever lies there."""
    return isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR)


def _tell_of_command_line(error: Any) -> int:
    """Say what is wrong with what was typed; who typed a group or the program alone has asked what there is."""
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.message, end="")  # which rich has printed already, where it is there
        return 0
    say_how_to_write(error, sys.argv[1:])
    error.show()
    return int(error.exit_code)


def _tell(message: str, verbose: bool) -> None:
    if verbose:
        traceback.print_exc()
    print(f"genlab: {shortened(message)}", file=sys.stderr)


def _drop_what_stdout_cannot_take() -> None:
    """The interpreter would try to write it again at its end, fail again and say so in its own words."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
