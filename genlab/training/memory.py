"""Memory: the most that was used, and how much there is."""

import resource
import sys
from pathlib import Path

import torch

CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
LIMITS = ((resource.RLIMIT_DATA, "VmData"), (resource.RLIMIT_AS, "VmSize"))
# Where a system does not tell.
ASSUMED_BYTES = 2**31


def peak_memory_bytes(device: torch.device) -> int:
    """The most memory held so far: allocated by torch on a GPU, resident in the process on a CPU."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)  # kilobytes on Linux, bytes on macOS


def available_memory_bytes(device: torch.device) -> int:
    """How much more this process may take: the least of what is free and of every limit set on it.

    On a CPU: what the system says is available, what is left of the control group's limit, and of the limits on the
    process's data and addresses (`ulimit -d`, `ulimit -v`).
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    available = [kilobytes * 1024 for kilobytes in [_field(Path("/proc/meminfo"), "MemAvailable")] if kilobytes]
    for limit, used in CGROUPS:
        if (most := _number(limit)) is not None:
            available.append(most - (_number(used) or 0))
    for which, name in LIMITS:
        soft = resource.getrlimit(which)[0]
        if soft != resource.RLIM_INFINITY:
            available.append(soft - 1024 * (_field(Path("/proc/self/status"), name) or 0))
    return max(0, min(available)) if available else ASSUMED_BYTES


def _field(path: Path, name: str) -> int | None:
    """A number of kilobytes from a file of `name: number kB` lines."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found[0]) if found else None


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
