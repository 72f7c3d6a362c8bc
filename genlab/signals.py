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


@dataclass
class Received:
    """Which of `PREEMPTING` has come; empty while none has."""

    name: str = ""


@contextlib.contextmanager
def preemptible() -> Iterator[Received]:
    """Each of `PREEMPTING` raises `Signalled` while the block runs, once: what is then written is not disturbed again.

    Training, which saves first, has handlers of its own. Outside the main thread, where Python delivers no signals,
    nothing is done. The handlers of before are put back.
    """
    received = Received()

    def stop(number: int, frame: FrameType | None) -> None:
        if not received.name:
            received.name = signal.Signals(number).name
            raise Signalled(received.name)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    numbers = [getattr(signal, name) for name in PREEMPTING if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_signals() -> None:
    """For the end of a process, when all is written and its exit code stands: taking torch down takes a moment."""
    for name in PREEMPTING:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
