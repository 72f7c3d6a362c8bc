import resource
import sys
from pathlib import Path

import pytest
import torch

from genlab.training import memory
from genlab.training.memory import peak_memory_bytes


def test_the_peak_memory_is_what_the_system_says_and_never_falls():
    held = torch.ones(10**7)
    peak = peak_memory_bytes(torch.device("cpu"))
    assert peak > 4 * len(held)
    del held
    assert peak_memory_bytes(torch.device("cpu")) >= peak
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        assert peak == pytest.approx(1024 * int(line.split()[1]), rel=0.05)


@pytest.mark.parametrize(("platform", "factor"), [("linux", 1024), ("darwin", 1)])
def test_the_system_counts_in_its_own_unit(monkeypatch, platform, factor):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(memory.resource, "getrusage", lambda who: type("Usage", (), {"ru_maxrss": peak}))
    assert peak_memory_bytes(torch.device("cpu")) == peak * factor


def test_on_a_gpu_it_is_what_torch_allocated(monkeypatch):
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 12345)
    assert peak_memory_bytes(torch.device("cuda", 0)) == 12345
