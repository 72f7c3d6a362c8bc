"""A word now and then while something goes on that cannot be asked how far it is."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def ticking(say: Callable[[str], None], what: str, interval: float) -> Iterator[Callable[[str], None]]:
    """Say what goes on and for how many seconds, each time that so many seconds have passed; nothing if it is quick.

    Args:
        say: called from another thread.

    Yields:
        A function to call with the part that is at hand, which is said too.
    """
    ended, began, part = threading.Event(), time.monotonic(), ""

    def name(now: str) -> None:
        nonlocal part
        part = f" {now}"

    def tick() -> None:
        while not ended.wait(interval):
            say(f"{what}{part}, {time.monotonic() - began:.0f} s")

    thread = threading.Thread(target=tick, name="ticking", daemon=True)
    thread.start()
    try:
        yield name
    finally:
        ended.set()
        thread.join()
