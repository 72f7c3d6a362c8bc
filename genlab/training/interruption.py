"""Requests to stop: signals and the time budget."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from genlab.signals import PREEMPTING


class StopRequest:
    """Whether somebody wants the run to stop after the current batch, and why.

    Args:
        time_budget: seconds from now after which to stop; None for no limit.
    """

    def __init__(self, time_budget: float | None = None):
        self._deadline = None if time_budget is None else time.monotonic() + time_budget
        self._budget = time_budget
        self.signal_name = ""

    @property
    def reason(self) -> str:
        """Why to stop; empty while nobody wants it."""
        if self.signal_name:
            return "Ctrl-C" if self.signal_name == "SIGINT" else self.signal_name
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return f"the time budget of {self._budget:g} s is used up"
        return ""

    @property
    def by_user(self) -> bool:
        """Whether it was Ctrl-C."""
        return self.signal_name == "SIGINT"


@contextlib.contextmanager
def stop_requests(time_budget: float | None = None) -> Iterator[StopRequest]:
    """A `StopRequest` that SIGTERM, SIGUSR1, SIGUSR2 and the first Ctrl-C set while the block runs.

    A second Ctrl-C interrupts at once. Outside the main thread, where Python delivers no signals, only the time budget
    counts. The handlers of before are put back.
    """
    request = StopRequest(time_budget)

    def handle(number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if name == "SIGINT" and request.signal_name == "SIGINT":
            raise KeyboardInterrupt
        request.signal_name = name

    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    numbers = [getattr(signal, name) for name in ("SIGINT", *PREEMPTING) if hasattr(signal, name)]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
