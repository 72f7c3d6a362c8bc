"""What the numbers were measured on, and the fastest matrix product it does."""

import os
import platform
import time

import numpy as np
import torch
import torchvision

import genlab
from tests.benchmarks.contests import usable_cores

REPEATS = 8
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Peak:
    """The best rate of a product of two square matrices on one core, in 10^9 operations a second, by precision.

    Other work on the machine only ever lowers a rate, so the best of all sizes and calls counts.
    """

    def __init__(self, sizes: tuple[int, ...]):
        self.sizes = sizes
        self.gflops = dict.fromkeys(PRECISIONS, 0.0)

    def measure(self) -> None:
        """Try all sizes anew."""
        for name, dtype in PRECISIONS.items():
            for size in self.sizes:
                left, right = torch.ones(2, size, size, dtype=dtype)
                for _ in range(REPEATS):
                    started = time.perf_counter()
                    left @ right
                    seconds = time.perf_counter() - started
                    self.gflops[name] = max(self.gflops[name], 2 * size**3 / seconds / 1e9)


def machine() -> dict[str, object]:
    """Processor, cores, load, versions."""
    return {
        "processor": processor(),
        "cores": usable_cores(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "numpy": np.__version__,
        "genlab": genlab.__version__,
    }


def load() -> float:
    """Processes that ran or wanted to, on average over the last minute."""
    return round(os.getloadavg()[0], 2)


def processor() -> str:
    """The processor's name; with family and model, as some names say little."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line.partition(":") for line in file]
    except OSError:
        return platform.processor() or platform.machine()
    found = {name.strip(): value.strip() for name, _, value in reversed(lines)}
    name = found.get("model name", platform.machine())
    if "cpu family" in found and "model" in found:
        return f"{name} (family {found['cpu family']}, model {found['model']})"
    return name
