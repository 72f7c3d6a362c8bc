"""Signals that ask a command to end: one way for all verbs, from the first line on. Imports nothing that takes time."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

# What schedulers send before they take a machine away.
PREEMPTING = ("SIGTERM", "SIGUSR1", "SIGUSR2")


class Signalled(KeyboardInterrupt):
    """A signal came while nothing was there to save; a KeyboardInterrupt, so that no pass takes it for its own."""


@dataclass(eq=False)
class Received:
    """Which of `PREEMPTING` has come, empty while none has; and whether Ctrl-C has."""

    name: str = ""
    interrupted: bool = False


# Of the blocks of `preemptible` that run now.
_received: list[Received] = []


def raise_if_asked_to_stop() -> None:
    """For the places that go on after any failure: raise again what a signal has raised where that was lost.

    An exception in the middle of the import of a compiled module comes out of it as another one, and one in a
    destructor not at all.

    Raises:
        KeyboardInterrupt: a signal or Ctrl-C has come within `preemptible`.
    """
    for received in _received:
        if received.name:
            raise Signalled(received.name)
        if received.interrupted:
            raise KeyboardInterrupt


@contextlib.contextmanager
def preemptible() -> Iterator[Received]:
    """Each of `PREEMPTING` raises `Signalled` while the block runs, once: what is then written is not disturbed again.

    Ctrl-C raises KeyboardInterrupt as ever, each time, where nobody has told it not to; that it came is kept.

    Training, which saves first, has handlers of its own. Outside the main thread, where Python delivers no signals,
    nothing is done. The handlers of before are put back.
    """
    received = Received()

    def stop(number: int, frame: FrameType | None) -> None:
        if not received.name:
            received.name = signal.Signals(number).name
            raise Signalled(received.name)

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.interrupted = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    numbers = [getattr(signal, name) for name in PREEMPTING if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as shells have it for what they start in the background
        before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    around = _received[-1] if _received else Received()
    _received.append(received)
    try:
        yield received
    except BaseException:
        around.name, around.interrupted = around.name or received.name, around.interrupted or received.interrupted
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _received.remove(received)


def ignore_signals() -> None:
    """For the end of a process, when all is written and its exit code stands: taking torch down takes a moment."""
    for name in PREEMPTING:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
