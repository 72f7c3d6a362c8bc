"""Sweeps of which cells train side by side, and something goes wrong."""

import csv
import os
import resource
import signal
import subprocess
import sys

import pytest

from genlab.errors import DataMissingError, GenlabError, PreemptedError
from genlab.rundir.atomic import write_json
from genlab.rundir.locks import locked
from genlab.rundir.provenance import read_provenance
from genlab.sweeps import together as module
from genlab.sweeps.plan import DONE, FAILED, MISSING, RESUMABLE
from genlab.sweeps.processes.assignment import Assignment, assign
from genlab.training.together.stacked_nets import StackedNets
from tests.cli.command import genlab
from tests.sweeps.examples import (
    TOGETHER,
    attempts,
    close_tables,
    loaded,
    planned_cells,
    results_of,
    runs_in,
    sweep_file,
    swept,
)
from tests.sweeps.test_execute import Signalling, through
from tests.sweeps.test_together import CELLS, chooser, in_group_of
from tests.training.examples import Lines


@pytest.fixture
def sweep(tmp_path):
    return loaded(tmp_path, TOGETHER)


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


DIVERGE = {
    "model.widths: [[4], [8]]": "training.optimiser.learning_rate: [0.03, 1.0e+30, 0.02]",
    "seeds: [0, 1]": "seeds: [0, 1, 2, 3]",
}


def test_cells_that_diverge_in_a_group_fail_once_with_their_reason_and_the_others_are_done(tmp_path, runs):
    sweep = loaded(tmp_path, DIVERGE)
    _, ended = through(sweep, runs, together=chooser(12))
    assert [p.state for p in ended] == [DONE] * 4 + [FAILED] * 4 + [DONE] * 4
    assert all(p.reason.startswith("the training loss") and "again" not in p.reason for p in ended[4:8])
    assert through(sweep, runs, together=chooser(12)) == ([], [])
    assert {in_group_of(run)[0] for run in runs_in(runs)} == {12}
    assert [attempts(run) for run in runs_in(runs)] == [1] * CELLS


def test_a_first_cell_that_diverges_is_not_begun_a_second_time(tmp_path, runs):
    changes = DIVERGE | {"model.widths: [[4], [8]]": "training.optimiser.learning_rate: [1.0e+30, 0.02]"}
    begun, ended = through(loaded(tmp_path, changes), runs, together=chooser(8))
    assert [p.state for p in ended] == [FAILED] * 4 + [DONE] * 4
    assert all(p.reason.startswith("the training loss") for p in ended[:4])
    assert begun == ["learning_rate=1e+30 seed=0", *(f"learning_rate=0.02 seed={seed}" for seed in range(4))]


def test_fail_fast_ends_after_the_group_in_which_a_cell_fails(tmp_path, runs):
    sweep = loaded(tmp_path, DIVERGE)
    _, ended = through(sweep, runs, together=chooser(6), fail_fast=True)
    assert [p.state for p in ended] == [FAILED, FAILED]
    assert {p.state for p in planned_cells(sweep, runs)} == {FAILED, MISSING, "unmeasured"}


@pytest.mark.parametrize("kind", [MemoryError, RuntimeError, GenlabError])
def test_a_group_that_fails_as_a_whole_is_trained_one_by_one_and_those_after_it_in_smaller_ones(
    sweep, runs, tmp_path, monkeypatch, kind
):
    real = module.train_together

    def train(configs, **options):
        if len(configs) > 3:
            raise kind("out of memory\nin detail")
        return real(configs, **options)

    monkeypatch.setattr(module, "train_together", train)
    lines = Lines()
    _, ended = through(sweep, runs, together=chooser(6, progress=lines))
    assert [p.state for p in ended] == [DONE] * CELLS
    assert lines.said == [f"6 nets together failed ({kind.__name__}: out of memory); now one by one"]
    assert sorted(in_group_of(run)[0] for run in runs_in(runs)) == [1] * 6 + [3] * 6


def test_a_group_that_fails_in_the_middle_blames_no_cell_and_each_goes_on_where_it_was(sweep, runs, monkeypatch):

    real, steps = StackedNets.step, []

    def step(self, *arguments):
        steps.append(1)
        if len(steps) > 10 and len(self) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        real(self, *arguments)

    sweep = loaded(runs.parent, TOGETHER, "execution.checkpoint_every.epochs=1")
    together = chooser(6)
    together.group_of(planned_cells(sweep, runs)[0], planned_cells(sweep, runs))  # measured before it is broken
    monkeypatch.setattr(StackedNets, "step", step)
    _, ended = through(sweep, runs, together=together)
    assert [p.state for p in ended] == [DONE] * CELLS
    assert sorted(in_group_of(run) for run in runs_in(runs)) == [[1]] * 3 + [[3, 1]] * 3 + [[6, 1]] * 6
    first = runs_in(runs)[0]
    assert read_provenance(first)["attempts"][0]["outcome"].startswith("interrupted: DefaultCPUAllocator")
    history = [int(row["step"]) for row in csv.DictReader(first.history.open())]
    assert history == [0, 4, 8, 12]


def test_a_measurement_that_fails_fails_no_cell(sweep, runs, monkeypatch):
    def fails(*arguments, **options):
        raise RuntimeError("can't allocate memory\nin detail")

    monkeypatch.setattr(module, "fastest_group", fails)
    lines = Lines()
    _, ended = through(sweep, runs, together=chooser(progress=lines))
    assert [p.state for p in ended] == [DONE] * CELLS
    assert lines.said == ["small: one net at a time, as trying several failed (RuntimeError: can't allocate memory)"], (
        "once"
    )


def test_missing_images_are_those_of_all_cells_of_the_group(sweep, runs, monkeypatch):
    asked = []

    def none(*arguments, **options):
        asked.append(1)
        raise DataMissingError("no images")

    monkeypatch.setattr(module, "build_dataset", none)
    with pytest.raises(DataMissingError, match="no images"):
        through(sweep, runs, together=chooser(4))
    assert len(asked) == 1
    monkeypatch.undo()
    monkeypatch.setattr("genlab.training.together.train_together.build_stacked_dataset", none)
    with pytest.raises(DataMissingError, match="no images"):
        through(sweep, runs, together=chooser(4))
    assert len(asked) == 2


def test_a_group_that_is_stopped_is_saved_and_goes_on(sweep, runs, tmp_path):
    told = r"^stopped \(SIGTERM\), the cell corruption=0\.0 seed=0 and those trained with it are saved \(4 in all\); "
    with pytest.raises(PreemptedError, match=told + "the same command goes on$"):
        stopped(sweep, runs, 7)
    assert [p.state for p in planned_cells(sweep, runs)] == [RESUMABLE] * 4 + [MISSING] * 8
    swept(sweep, runs, group=4)
    swept(sweep, tmp_path / "undisturbed", group=4)
    assert results_of(runs) == results_of(tmp_path / "undisturbed")
    assert [in_group_of(p.run) for p in planned_cells(sweep, runs)] == [[4, 4]] * 4 + [[4]] * 8


def stopped(sweep, runs, step):
    together = chooser(4, progress=Signalling(step, signal.SIGTERM))
    return through(sweep, runs, together=together)


def test_a_cell_that_was_stopped_in_a_group_goes_on_by_hand_and_the_group_without_it(sweep, runs, tmp_path):
    with pytest.raises(PreemptedError):
        stopped(sweep, runs, 7)
    planned = planned_cells(sweep, runs)
    by_hand = genlab("train", planned[1].run.path, "--runs", runs, "--quiet")
    assert by_hand.code == 0, by_hand.err
    swept(sweep, runs, group=4)
    assert in_group_of(planned[1].run) == [4, 1]
    assert [in_group_of(planned[place].run)[0] for place in (0, 2, 3)] == [4] * 3
    assert max(map(attempts, runs_in(runs))) == 2
    swept(sweep, tmp_path / "alone")
    assert close_tables(results_of(runs), results_of(tmp_path / "alone"))


def test_a_stop_is_told_though_the_first_cell_is_at_work_elsewhere_and_has_no_status_yet(sweep, runs):
    first = planned_cells(sweep, runs)[0].run
    with locked(runs, first.run_id), pytest.raises(PreemptedError, match=r"^stopped \(SIGTERM\), the cell"):
        stopped(sweep, runs, 7)


def test_cells_that_are_done_at_work_or_given_up_elsewhere_take_no_place_in_a_group(sweep, runs, tmp_path):
    planned = planned_cells(sweep, runs)
    assigned = assign(tmp_path / "shared", planned)
    assigned.give_up(planned[1].run.run_id, "was killed")
    write_json(planned[2].run.status, {"id": "x", "status": "failed", "reason": "r", "config": {}, "final": {}})
    _, ended = through(sweep, runs, together=chooser(4), assigned=Assignment(tmp_path / "shared"))
    states = {p.run.run_id: (p.state, p.reason) for p in ended}
    assert states[planned[1].run.run_id] == (FAILED, "was killed")
    assert not planned[1].run.path.exists()
    assert states[planned[2].run.run_id] == (FAILED, "r")
    assert [state for state, _ in states.values()].count(DONE) == 10
    assert in_group_of(planned[0].run) == [4]


def test_a_directory_that_cannot_be_written_fails_its_own_cell_alone(sweep, runs):
    planned = planned_cells(sweep, runs)
    planned[2].run.path.parent.mkdir(parents=True)
    planned[2].run.path.write_text("a file where a directory should be")
    _, ended = through(sweep, runs, together=chooser(4))
    assert [p.state for p in ended] == [DONE, DONE, FAILED, *[DONE] * 9]
    assert "cannot be written" in ended[2].reason
    assert [in_group_of(p.run) for p in (planned[0], planned[1], planned[3])] == [[4]] * 3


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on memory that holds is Linux's")
def test_under_a_limit_on_its_memory_a_process_trains_fewer_together_and_ends_well(tmp_path, runs):
    """Thirty nets of 1.1 million weights, with velocities and gradients, take more than what the limit leaves."""
    code = "import torch, genlab.sweeps.execute, genlab.data.digits as digits; digits.load_digits()\n"
    code += "print([line for line in open('/proc/self/status') if line.startswith('VmData')][0].split()[1])"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    before = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    limit = 1024 * int(before.stdout) + 300 * 2**20
    changes = TOGETHER | {
        "{name: mlp, widths: [8]}": "{name: mlp, widths: [1000, 1000]}",
        "epochs: 3": "epochs: 1",
        "seeds: [0, 1]": "seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]",
        "measure:\n  only: [log_l2_norm, parameter_count]\n": "",
    }
    arguments = ["sweep", sweep_file(tmp_path, changes), "--scale", "smoke", "--runs", runs, "--group", "30"]
    done = subprocess.run(
        [sys.executable, "-m", "genlab", *map(str, arguments), "execution.keep=none"],
        env=environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stderr
    assert 1 < in_group_of(runs_in(runs)[0])[0] < 20
