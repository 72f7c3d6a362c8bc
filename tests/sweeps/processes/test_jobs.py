"""How many processes there are, and which GPUs they share."""

import os

import pytest
import torch

from genlab.errors import UsageError
from genlab.sweeps.processes import jobs as module
from genlab.sweeps.processes.jobs import gpus_in_turn, idle_gpus, number_of_jobs, parse_jobs, sharing
from tests.cli.command import genlab, refused
from tests.sweeps.examples import loaded, planned_cells, sweep_file


@pytest.fixture
def gpus(monkeypatch):
    """Makes so many GPUs visible."""

    def there_are(count):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return there_are


@pytest.fixture
def cells(tmp_path):
    """Gives four cells that are missing, on a device."""
    return lambda device="auto": planned_cells(loaded(tmp_path, None, f"execution.device={device}"), tmp_path / "runs")


@pytest.fixture
def cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    monkeypatch.setattr("genlab.hardware.memory.available_memory_bytes", lambda device: 2**40)


def test_jobs_are_a_number_or_auto():
    assert parse_jobs("3") == 3
    assert parse_jobs("auto") == "auto"
    for text in ("0", "-1", "two", "1.5", ""):
        with pytest.raises(UsageError, match="give auto, or how many processes"):
            parse_jobs(text)


def test_a_number_of_jobs_that_is_none_is_refused_in_one_line(tmp_path):
    refused(genlab("sweep", sweep_file(tmp_path), "--jobs", "many"), 2, "--jobs many", "auto")


def test_there_are_no_more_processes_than_cells(cells, gpus, cores):
    gpus(0)
    assert number_of_jobs(9, cells()) == 4
    assert number_of_jobs(9, []) == 1
    assert number_of_jobs("auto", cells()[:1]) == 1
    assert number_of_jobs("auto", []) == 1


def test_auto_is_one_a_gpu_and_without_any_one_a_core(cells, gpus, cores):
    gpus(2)
    assert number_of_jobs("auto", cells()) == 2
    assert number_of_jobs("auto", cells("cpu")) == 3
    assert number_of_jobs("auto", cells("cuda:1")) == 1
    gpus(0)
    assert number_of_jobs("auto", cells()) == 3


def test_auto_takes_no_more_processes_than_there_is_memory_for(cells, gpus, cores, monkeypatch):
    gpus(0)
    monkeypatch.setattr("genlab.hardware.memory.available_memory_bytes", lambda device: 2.5 * module.PROCESS_BYTES)
    assert number_of_jobs("auto", cells()) == 2


def test_gpus_that_nobody_uses_are_told(cells, gpus):
    gpus(3)
    assert idle_gpus(1, cells()) == "1 of 3 GPUs is used; --jobs 3 uses 3 (--jobs auto: all)"
    assert idle_gpus(2, cells()).startswith("2 of 3 GPUs are used")
    assert idle_gpus(3, cells()) == ""
    assert idle_gpus(1, cells()[:1]) == "", "one cell needs no more"
    assert idle_gpus(1, cells("cpu")) == idle_gpus(1, cells("cuda:1")) == "", "as asked"
    gpus(0)
    assert idle_gpus(1, cells()) == ""


def test_a_sweep_in_one_process_says_that_other_gpus_are_idle_unless_it_is_quiet(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "gpu_count", lambda: 4)
    options = ("sweep", sweep_file(tmp_path), "--scale", "smoke", "--runs", tmp_path / "runs", "--device", "auto")
    assert "1 of 4 GPUs is used; --jobs 4" in genlab(*options, "training.stop.epochs=1").err
    assert genlab(*options, "training.stop.epochs=2", "-q").err == ""
    assert "GPUs" not in genlab(*options, "training.stop.epochs=1").err, "all is done"


def test_the_gpus_are_those_that_this_process_may_see(cells, gpus, monkeypatch):
    gpus(2)
    assert gpus_in_turn(cells()) == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 5")
    assert gpus_in_turn(cells()) == ["2", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus_in_turn(cells()) == []


def test_who_asks_for_a_gpu_by_its_number_sees_them_all(cells, gpus):
    """Pinned to one, it would see none of that number."""
    gpus(4)
    assert gpus_in_turn(cells("cuda:3")) == []
    assert gpus_in_turn(cells("cuda")) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("jobs", "gpus", "shares"),
    [(2, [], [2, 2]), (2, ["0"], [2, 2]), (3, ["0", "1"], [2, 1, 2]), (2, ["0", "1", "2"], [1, 1])],
)
def test_memory_is_shared_by_those_who_are_on_the_same_gpu_and_on_a_cpu_by_all(jobs, gpus, shares):
    assert [sharing(number, jobs, gpus) for number in range(jobs)] == shares
