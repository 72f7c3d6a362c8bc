"""Memory: the most that was used, and how much there is."""

import resource
import sys
from pathlib import Path

import torch

# Of a control group the files with its limit, with what it uses, and with what of that are copies of files on disk that
# the system would give up first.
CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "inactive_file"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "total_inactive_file",
    ),
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
    for limit, used, cached in CGROUPS:
        if (most := _number(Path(limit))) is not None:
            cache = _field(Path(limit).parent / "memory.stat", cached) or 0
            available.append(most - max(0, (_number(Path(used)) or 0) - cache))
    for which, name in LIMITS:
        soft = resource.getrlimit(which)[0]
        if soft != resource.RLIM_INFINITY:
            available.append(soft - 1024 * (_field(Path("/proc/self/status"), name) or 0))
    return max(0, min(available)) if available else ASSUMED_BYTES


def _field(path: Path, name: str) -> int | None:
    """A number from a file of lines `name: number kB`, or `name number`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.split()[:1] in ([name], [f"{name}:"])]
    return int(found[0]) if found else None


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
