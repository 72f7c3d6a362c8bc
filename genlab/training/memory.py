"""Peak memory of the process or the device, and memory that is kept for the next batch."""

import ctypes
import platform
import resource
import sys

import torch


def peak_memory_bytes(device: torch.device) -> int:
    """The most memory held so far: allocated by torch on a GPU, resident in the process on a CPU."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)  # kilobytes on Linux, bytes on macOS


def keep_freed_memory() -> None:
    """Have the C library keep large freed blocks instead of handing them back to the kernel.

    glibc gives every block above 32 MiB its own mapping and so a page fault for each page, every time: a float64
    forward pass of 256 images 32x32 through a VGG-11 spent half its time there. Does nothing with other C libraries.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    m_trim_threshold, m_mmap_threshold = -1, -3  # from malloc.h
    libc = ctypes.CDLL(None)
    libc.mallopt(m_mmap_threshold, 1 << 30)
    libc.mallopt(m_trim_threshold, 2**31 - 1)
