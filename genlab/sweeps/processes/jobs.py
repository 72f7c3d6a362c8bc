"""How many processes a sweep takes, and which GPUs they share."""

import os
import re
from collections.abc import Collection, Sequence
from typing import Literal

from genlab.errors import UsageError
from genlab.sweeps.plan import PlannedCell

Jobs = Literal["auto"] | int
# What a process takes that has torch in it and a small data set.
PROCESS_BYTES = 2**30


def parse_jobs(text: str) -> Jobs:
    """auto, or a number of processes.

    Raises:
        UsageError: it is something else.
    """
    if text == "auto":
        return "auto"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise UsageError(f"--jobs {text}: give auto, or how many processes are to share the cells")


def number_of_jobs(asked: Jobs, pending: Sequence[PlannedCell]) -> int:
    """The processes for the cells that are left: no more than these.

    "auto" is one a GPU; where cells train on the CPU, or there is no GPU, one a core, as far as there is memory (each
    with one thread: on two cores two processes did 1.8 to 2 times as much as one, whatever the net).
    """
    if asked != "auto":
        return min(asked, max(1, len(pending)))
    if len(pending) < 2:
        return 1
    devices = _devices(pending)
    if any(re.fullmatch(r"cuda:\d+", device) for device in devices):
        return 1
    most = gpu_count() if devices != {"cpu"} else 0
    return min(most or _cores_with_memory(), len(pending))


def idle_gpus(jobs: int, pending: Sequence[PlannedCell]) -> str:
    """What to say of GPUs that a sweep could use and does not; empty where there is nothing to say."""
    if len(pending) <= jobs or not _devices(pending) <= {"auto", "cuda"}:
        return ""
    there = gpu_count()
    if there <= jobs:
        return ""
    most = min(there, len(pending))
    return f"{jobs} of {there} GPUs {'is' if jobs == 1 else 'are'} used; --jobs {most} uses {most} (--jobs auto: all)"


def gpus_in_turn(pending: Sequence[PlannedCell]) -> list[str]:
    """The GPUs to pin processes to, one after the other; none where there is none, or cells name theirs by number.

    A process that is pinned sees one GPU, which is number 0 there: one that is asked for GPU 3 has to see them all.
    """
    if any(re.fullmatch(r"cuda:\d+", device) for device in _devices(pending)):
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [gpu.strip() for gpu in visible.split(",") if gpu.strip()]
    return [str(index) for index in range(gpu_count())]


def sharing(number: int, jobs: int, gpus: Collection[str]) -> int:
    """How many of the processes take their memory from where this one does: all, or those that are on the same GPU.

    Args:
        number: of the process, from 0.
        gpus: of `gpus_in_turn`.
    """
    if not gpus:
        return jobs
    return sum(other % len(gpus) == number % len(gpus) for other in range(jobs))


def gpu_count() -> int:
    """GPUs that this process sees."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _devices(pending: Sequence[PlannedCell]) -> set[str]:
    return {planned.cell.config.execution.device for planned in pending}


def _cores_with_memory() -> int:
    import torch

    from genlab.hardware.memory import available_memory_bytes

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, available_memory_bytes(torch.device("cpu")) // PROCESS_BYTES))
