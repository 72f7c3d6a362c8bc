"""How many CPU threads a training step runs fastest on, by trying."""

import os
import time
from collections.abc import Callable

import torch

ENOUGH_SECONDS = 0.15
GAIN_TO_ADD_THREADS = 0.9


def available_threads() -> int:
    """Cores this process may use, or fewer where OMP_NUM_THREADS says so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(limit)) if limit.isdigit() and int(limit) > 0 else cores


def choose_threads(step: Callable[[], object], available: int) -> tuple[int, dict[int, float]]:
    """The number of threads to train with: 1, 2, 4 ... up to `available`, as long as each saves 10 % or more.

    torch's default, a thread a core, can be tens of times slower than one thread on small nets, because threads that
    share a core spin while they wait; on large nets and many free cores it is faster. So it is measured. One thread is
    left in force.

    Args:
        step: does one training step on a scratch net.

    Returns:
        The number, and the fastest seconds a step at each number tried.
    """
    seconds: dict[int, float] = {}
    best = 1
    threads = 1
    while threads <= available:
        torch.set_num_threads(threads)
        seconds[threads] = fastest_seconds(step)
        if threads > 1 and seconds[threads] > GAIN_TO_ADD_THREADS * seconds[best]:
            break
        best = threads
        threads *= 2
    torch.set_num_threads(1)
    return best, seconds


def fastest_seconds(step: Callable[[], object], enough: float = ENOUGH_SECONDS) -> float:
    """The fastest of the steps that fit in a short time; the first, which warms up, counts only if it is a long one.

    Args:
        enough: seconds of steps that count.
    """
    fastest, spent, first = float("inf"), 0.0, True
    while first or spent < enough:
        started = time.perf_counter()
        step()
        taken = time.perf_counter() - started
        if not first or taken > enough:
            fastest = min(fastest, taken)
            spent += taken
        first = False
    return fastest
