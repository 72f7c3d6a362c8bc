"""What a device can do at best: products of matrices, and copies of memory."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from genlab.hardware.devices import arithmetic
from genlab.training.benchmark.spread import Spread

# Where a product is fastest depends on caches and on how many cores share it, so several sizes are tried.
MATRIX_SIZES = {"cpu": (256, 512, 1024, 2048), "cuda": (2048, 4096, 8192)}
CALL_SECONDS = 0.002
SMALLEST_COPY_BYTES = 2**16


@dataclass(frozen=True)
class MatmulPeak:
    """The fastest product of two square matrices.

    Attributes:
        precision: float32, tf32 or bfloat16.
        threads: of the CPU.
        size: rows of the matrices of the fastest product.
        gflops_per_second: of the fastest product of all. Other work on a machine only ever lowers a rate.
        spread: of the rates of all products of that size, in 10^9 operations a second.
    """

    precision: str
    threads: int
    size: int
    gflops_per_second: float
    spread: Spread


@dataclass(frozen=True)
class CopyRate:
    """How fast memory is copied.

    Attributes:
        bytes: of source and target together, which decides from which cache they come.
        gigabytes_per_second: 10^9 bytes read and written.
    """

    bytes: int
    gigabytes_per_second: Spread


def matmul_peak(device: torch.device, precision: str, *, threads: int, seconds: float) -> MatmulPeak:
    """The fastest matrix product in about that many seconds, by `threads` threads, which stay in force.

    Sizes are tried in turn from the smallest; one of which a product alone would take a quarter of the time is left
    out.
    """
    torch.set_num_threads(threads)
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    generator = torch.Generator(device).manual_seed(0)
    sizes = MATRIX_SIZES[device.type]
    found: dict[int, list[float]] = {}
    with arithmetic(precision):
        for size in sizes:
            # Random and not constant numbers, with which a GPU draws less power and so runs faster than in training.
            left, right = torch.randn(2, size, size, generator=generator, device=device).to(dtype)
            product = functools.partial(torch.mm, left, right, out=torch.empty_like(left))
            times = _seconds_a_call(product, device, seconds / 4)
            found[size] = [2 * size**3 / taken / 1e9 for taken in times]
            if 8 * min(times) > seconds / 4:
                break
    fastest = max(found, key=lambda size: max(found[size]))
    return MatmulPeak(precision, threads, fastest, max(found[fastest]), Spread.of(found[fastest]))


def copy_rate(device: torch.device, total_bytes: int, *, seconds: float) -> CopyRate:
    """How fast one half of so many bytes is copied to the other, by the threads in force; 64 KiB at least."""
    half = max(total_bytes, SMALLEST_COPY_BYTES) // 2
    source = torch.ones(half, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    times = _seconds_a_call(lambda: target.copy_(source), device, seconds)
    return CopyRate(2 * half, Spread.of([2 * half / taken / 1e9 for taken in times]))


def wait_for(device: torch.device) -> Callable[[], None]:
    """A function that returns when the device has done all that it was asked to do."""
    return (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else (lambda: None)


def _seconds_a_call(call: Callable[[], object], device: torch.device, seconds: float) -> list[float]:
    """Seconds a call over some time, each the mean of as many calls as take 2 ms; a first call warms up."""
    wait = wait_for(device)
    call()
    wait()
    calls, times = 1, list[float]()
    began = time.perf_counter()
    while not times or time.perf_counter() - began < seconds:
        started = time.perf_counter()
        for _ in range(calls):
            call()
        wait()
        taken = time.perf_counter() - started
        if taken < CALL_SECONDS and calls < 10**4:
            calls *= 2
        else:
            times.append(taken / calls)
    return times
