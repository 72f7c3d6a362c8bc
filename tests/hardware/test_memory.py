import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from genlab.hardware import memory
from genlab.hardware.memory import available_memory_bytes, peak_memory_bytes


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


CPU = torch.device("cpu")


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Sets the limit, the use and the file cache of a control group."""

    def set_to(limit, used, cached):
        (tmp_path / "limit").write_text(f"{limit}\n")
        (tmp_path / "used").write_text(f"{used}\n")
        (tmp_path / "memory.stat").write_text(f"cache 1\ninactive_file {cached}\nactive_file 5\n")
        files = str(tmp_path / "limit"), str(tmp_path / "used"), "inactive_file"
        monkeypatch.setattr(memory, "CGROUPS", (files,))

    return set_to


def test_what_the_system_has_left_is_available(group, monkeypatch):
    group("max", 7, 7)
    monkeypatch.setattr(memory, "LIMITS", ())
    (line,) = [line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable:")]
    assert available_memory_bytes(CPU) == pytest.approx(1024 * int(line.split()[1]), rel=0.2)


def test_what_a_control_group_has_left_is_available_and_its_file_cache_counts_as_free(group):
    group(10**6, 4 * 10**5, 0)
    assert available_memory_bytes(CPU) == 6 * 10**5
    group(10**6, 9 * 10**5, 5 * 10**5)
    assert available_memory_bytes(CPU) == 6 * 10**5
    group(10**6, 2 * 10**6, 0)
    assert available_memory_bytes(CPU) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say how much a process has")
@pytest.mark.parametrize(("limit", "field"), [("RLIMIT_DATA", "VmData"), ("RLIMIT_AS", "VmSize")])
def test_what_a_limit_on_the_process_leaves_is_available(limit, field):
    code = f"""
import resource, torch
from pathlib import Path
from genlab.hardware.memory import available_memory_bytes
lines = Path("/proc/self/status").read_text().splitlines()
used = 1024 * int(next(line for line in lines if line.startswith("{field}:")).split()[1])
resource.setrlimit(resource.{limit}, (used + 2**28, resource.RLIM_INFINITY))
print(available_memory_bytes(torch.device("cpu")) / 2**28)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 0.9 < float(done.stdout) <= 1


def test_where_nothing_is_known_little_is_assumed(monkeypatch):
    monkeypatch.setattr(memory, "CGROUPS", (("/nowhere/limit", "/nowhere/used", "x"),))
    monkeypatch.setattr(memory, "LIMITS", ())
    monkeypatch.setattr(memory, "_field", lambda path, name: None)
    assert available_memory_bytes(CPU) == memory.ASSUMED_BYTES


def test_on_a_gpu_it_is_what_is_free_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (123, 456))
    assert available_memory_bytes(torch.device("cuda", 0)) == 123
