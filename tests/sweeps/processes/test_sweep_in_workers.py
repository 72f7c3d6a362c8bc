"""What the processes of a sweep are told, and what is told of them."""

import sys
from pathlib import Path
from unittest import mock

import pytest

from genlab.errors import GenlabError
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.processes import sweep_in_workers as module
from genlab.sweeps.processes.assignment import Assignment
from genlab.sweeps.processes.workers import Ended
from genlab.sweeps.run import sweep_folder
from tests.sweeps.examples import loaded, planned_cells, sweep_file, swept


def test_a_worker_gets_the_same_sweep_whatever_this_process_was_started_with(tmp_path):
    path = sweep_file(tmp_path)
    sweep = load_sweep(str(path), "smoke", ["training.batch_size=8"])
    given = []

    def run_workers(command, jobs, watch, stop_after, killed, **options):
        given.append((command, jobs, Assignment(Path(command[-1])).cells))
        return [Ended(0, "", "")] * jobs

    with mock.patch.object(module, "run_workers", run_workers), mock.patch.object(sys, "argv", ["pytest", "-q"]):
        swept(sweep, tmp_path / "runs", jobs=9, only="missing", fail_fast=True, device="cpu")
    ((command, jobs, cells),) = given
    assert cells == {p.run.run_id: None for p in planned_cells(sweep, tmp_path / "runs")}
    assert command[-2] == "--assignment"
    assert jobs == 4, "no more than cells"
    assert command[1:5] == ["-m", "genlab", "sweep", str(path)]
    for words in (["training.batch_size=8"], ["--scale", "smoke"], ["--device", "cpu"]):
        assert " ".join(words) in " ".join(command)
    assert {"--fail-fast", "--quiet", "--json"} <= set(command)


def test_workers_of_a_file_without_scales_are_given_none(tmp_path):
    sweep = load_sweep(str(sweep_file(tmp_path, {"scales:\n  smoke: {}\n": ""})), None)
    given = []

    def run_workers(command, jobs, watch, stop_after, killed, **options):
        given.append(command)
        return [Ended(0, "", "")] * jobs

    with mock.patch.object(module, "run_workers", run_workers), pytest.raises(GenlabError):
        swept(sweep, tmp_path / "runs", jobs=2)
    ((*command,),) = given
    assert "--scale" not in command
    assert sweep_folder(sweep, tmp_path / "runs").name.startswith("small-")


def test_workers_that_end_before_they_are_at_any_cell_are_an_error_with_their_last_line(tmp_path):
    broken = [Ended(2, "", "Warning: x\ngenlab: small.yaml:1:1: paper: is required\n"), Ended(0, "", "")]
    with mock.patch.object(module, "run_workers", return_value=broken), pytest.raises(GenlabError) as caught:
        swept(loaded(tmp_path), tmp_path / "runs", jobs=2)
    assert str(caught.value) == "small.yaml:1:1: paper: is required"
    assert caught.value.exit_code == 2


def test_workers_that_leave_cells_without_a_word_are_an_error(tmp_path):
    with (
        mock.patch.object(module, "run_workers", return_value=[Ended(0, "", "")] * 2),
        pytest.raises(GenlabError, match="4 cells are not done and say nothing of why, such as widths=4 seed=0"),
    ):
        swept(loaded(tmp_path), tmp_path / "runs", jobs=2)
