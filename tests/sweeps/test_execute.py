"""Working through the cells of a sweep in one process."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from genlab.bounds import bound_run as bound_run_module
from genlab.compression import compress_run as compress_run_module
from genlab.errors import DataMissingError, GenlabError, PreemptedError
from genlab.measures.computing import measure_run as measure_run_module
from genlab.measures.computing.registry import MEASURES
from genlab.rundir.checkpoints import save_tensors
from genlab.rundir.locks import locked
from genlab.rundir.status import read_status
from genlab.rundir.tables import read_table
from genlab.sweeps import execute
from genlab.sweeps.execute import work_through
from genlab.sweeps.file.passes import sweep_passes, sweep_plan
from genlab.sweeps.plan import DONE, FAILED, MISSING, RESUMABLE
from genlab.training.progress import Silent
from tests.sweeps.examples import LONG, SOME_DIVERGE, attempts, loaded, planned_cells, runs_in, states


class Signalling(Silent):
    """Sends this process a signal at a step, if somebody listens to it."""

    def __init__(self, step, number=signal.SIGTERM):
        self._step, self._number = step, number

    def step(self, step, images, loss):
        if step == self._step:
            assert callable(signal.getsignal(self._number))
            os.kill(os.getpid(), self._number)


def through(sweep, runs, *, progress=None, **options):
    """Passes through a sweep; the cells in the order in which they were begun, and in which they came to an end."""
    begun, ended = [], []
    passes = sweep_passes(sweep)
    usual = {"device": None, "only": None, "fail_fast": False, "first": 0}
    work_through(
        sweep_plan(sweep, passes, runs=runs, data_dir=runs),
        passes,
        runs=runs,
        data_dir=runs,
        progress=progress or Silent(),
        started=lambda cells: begun.append(cells[0].cell.label),
        finished=ended.append,
        **usual | options,
    )
    return begun, ended


def test_every_cell_is_trained_and_measured_once(tmp_path):
    sweep = loaded(tmp_path)
    begun, ended = through(sweep, tmp_path / "runs")
    assert begun == ["widths=4 seed=0", "widths=4 seed=1", "widths=8 seed=0", "widths=8 seed=1"]
    assert [p.state for p in ended] == [DONE] * 4
    assert through(sweep, tmp_path / "runs") == ([], [])
    assert [attempts(run) for run in runs_in(tmp_path / "runs")] == [1] * 4


def test_processes_that_start_together_begin_apart(tmp_path):
    begun, _ = through(loaded(tmp_path), tmp_path / "runs", first=2)
    assert begun == ["widths=8 seed=0", "widths=8 seed=1", "widths=4 seed=0", "widths=4 seed=1"]


def test_a_value_added_to_the_grid_runs_the_new_cells_alone(tmp_path):
    through(loaded(tmp_path), tmp_path / "runs")
    begun, _ = through(loaded(tmp_path, {"[[4], [8]]": "[[2], [4], [8]]"}), tmp_path / "runs")
    assert begun == ["widths=2 seed=0", "widths=2 seed=1"]
    begun, _ = through(loaded(tmp_path, {"seeds: [0, 1]": "seeds: [0, 1, 2]"}), tmp_path / "runs")
    assert begun == ["widths=4 seed=2", "widths=8 seed=2"]


def test_a_measure_added_later_is_computed_and_no_other(tmp_path, monkeypatch):
    through(loaded(tmp_path), tmp_path / "runs")
    computed = []
    real = measure_run_module.measure_run
    monkeypatch.setattr(
        measure_run_module,
        "measure_run",
        lambda run, request, **k: computed.extend(m.name for m in request.measures) or real(run, request, **k),
    )
    through(loaded(tmp_path, {"parameter_count]": "parameter_count, weight_count]"}), tmp_path / "runs")
    assert computed == ["weight_count"] * 4
    rows = read_table(runs_in(tmp_path / "runs")[0].measures)
    assert sorted(row["measure"] for row in rows) == ["log_l2_norm", "parameter_count", "weight_count"]
    assert [attempts(run) for run in runs_in(tmp_path / "runs")] == [1] * 4, "nothing is trained again"


def test_a_compression_setting_added_later_is_computed_and_no_other(tmp_path, monkeypatch):
    def with_ranks(ranks):
        return loaded(tmp_path, {"scales": f"compress: {{methods: [{{name: svd_truncation, rank: {ranks}}}]}}\nscales"})

    through(with_ranks([1]), tmp_path / "runs")
    computed = []
    real = compress_run_module.compress_run
    monkeypatch.setattr(
        compress_run_module,
        "compress_run",
        lambda run, found, **k: computed.append([s.label for s in found]) or real(run, found, **k),
    )
    through(with_ranks([1, 2]), tmp_path / "runs")
    assert computed == [["rank=2"]] * 4
    rows = read_table(runs_in(tmp_path / "runs")[0].compression)
    assert [row["setting"] for row in rows if row["method"] == "svd_truncation"] == ["rank=1", "rank=2"]


def test_a_bound_added_later_is_computed_and_no_other(tmp_path, monkeypatch):
    def with_bounds(names):
        return loaded(tmp_path, {"scales": f"bounds: {{only: [{names}], options: {{images: 20}}}}\nscales"})

    through(with_bounds("frobenius"), tmp_path / "runs")
    computed = []
    real = bound_run_module.bound_run
    monkeypatch.setattr(
        bound_run_module, "bound_run", lambda run, found, **k: computed.append(found.rows) or real(run, found, **k)
    )
    _, ended = through(with_bounds("frobenius, arora"), tmp_path / "runs")
    assert [p.state for p in ended] == [DONE] * 4
    assert computed == [{("arora", '{"images":20}')}] * 4
    rows = read_table(runs_in(tmp_path / "runs")[0].bounds)
    assert [row["bound"] for row in rows if row["term"] == "bound"] == ["frobenius", "arora"]
    assert [attempts(run) for run in runs_in(tmp_path / "runs")] == [1] * 4, "nothing is trained again"


def test_bounds_at_epochs_are_of_the_weights_that_were_kept(tmp_path):
    kept = {"threads: 1": "threads: 1, keep_weights_at: [0, 2]"}
    through(
        loaded(tmp_path, kept | {"scales": "bounds: {only: [spec_fro], at_epochs: true}\nscales"}), tmp_path / "runs"
    )
    rows = read_table(runs_in(tmp_path / "runs")[0].bounds)
    assert sorted(row["epoch"] for row in rows if row["term"] == "bound") == ["", "0", "2"]


def test_a_cell_that_fails_is_left_with_its_reason_and_the_others_go_on(tmp_path):
    sweep = loaded(tmp_path, SOME_DIVERGE)
    _, ended = through(sweep, tmp_path / "runs")
    assert [p.state for p in ended] == [DONE, DONE, FAILED, FAILED]
    assert "the training loss" in ended[2].reason
    assert states(sweep, tmp_path / "runs") == [DONE, DONE, FAILED, FAILED]
    assert through(sweep, tmp_path / "runs") == ([], []), "what failed is not tried again unasked"


def test_what_nobody_expects_of_a_cell_keeps_no_other_cell_from_its_end(tmp_path, monkeypatch):
    real = execute.train_run

    def out_of_memory(config, **options):
        if config.model.widths == (4,):
            raise RuntimeError("CUDA out of memory.\nTried to allocate 2 GiB")
        return real(config, **options)

    monkeypatch.setattr(execute, "train_run", out_of_memory)
    _, ended = through(loaded(tmp_path), tmp_path / "runs")
    assert [p.state for p in ended] == [FAILED, FAILED, DONE, DONE]
    assert ended[0].reason == "RuntimeError: CUDA out of memory.; Tried to allocate 2 GiB"


def test_a_pass_that_cannot_be_done_is_a_failure_of_its_cell(tmp_path):
    _, ended = through(loaded(tmp_path, None, "execution.keep=none"), tmp_path / "runs")
    assert [p.state for p in ended] == [FAILED] * 4
    assert "was not kept (execution.keep: none)" in ended[0].reason


def test_fail_fast_ends_after_the_first_failure(tmp_path):
    changes = {"model.widths: [[4], [8]]": "training.optimiser.learning_rate: [1.0e+30, 0.1]"}
    _, ended = through(loaded(tmp_path, changes), tmp_path / "runs", fail_fast=True)
    assert [p.state for p in ended] == [FAILED]


def test_only_failed_tries_those_again_and_nothing_else(tmp_path):
    sweep, runs = loaded(tmp_path, SOME_DIVERGE), tmp_path / "runs"
    through(sweep, runs)
    first = planned_cells(sweep, runs)[0].run
    first.status.unlink()
    begun, ended = through(sweep, runs, only="failed")
    assert begun == ["learning_rate=1e+30 seed=0", "learning_rate=1e+30 seed=1"]
    assert [p.state for p in ended] == [FAILED, FAILED]
    assert all("it would again" not in p.reason for p in ended), "it was really tried"
    assert states(sweep, runs)[0] == MISSING


def test_only_failed_ends_what_can_be_ended_now(tmp_path, monkeypatch):
    sweep, runs = loaded(tmp_path), tmp_path / "runs"

    def no_room(path, *arguments):
        if path.name == "final.safetensors":
            raise GenlabError("no room")
        save_tensors(path, *arguments)

    monkeypatch.setattr("genlab.training.recorder.save_tensors", no_room)
    through(sweep, runs)
    assert states(sweep, runs) == [FAILED] * 4
    monkeypatch.undo()
    assert through(sweep, runs) == ([], [])
    _, ended = through(sweep, runs, only="failed")
    assert [p.state for p in ended] == [DONE] * 4


def test_only_missing_leaves_what_was_begun(tmp_path):
    sweep, runs = loaded(tmp_path, LONG), tmp_path / "runs"
    with pytest.raises(PreemptedError):
        through(sweep, runs, progress=Signalling(40))
    assert states(sweep, runs) == [RESUMABLE, MISSING, MISSING, MISSING]
    begun, _ = through(loaded(tmp_path, LONG), runs, only="missing")
    assert begun == ["widths=4 seed=1", "widths=8 seed=0", "widths=8 seed=1"]
    assert states(sweep, runs)[0] == RESUMABLE


def test_a_preempted_cell_is_resumed_where_it_was(tmp_path):
    sweep, runs = loaded(tmp_path, LONG), tmp_path / "runs"
    told = "^stopped .SIGTERM., the cell widths=4 seed=0 is saved; the same command goes on$"
    with pytest.raises(PreemptedError, match=told):
        through(sweep, runs, progress=Signalling(40))
    through(sweep, runs)
    run = planned_cells(sweep, runs)[0].run
    assert states(sweep, runs) == [DONE] * 4
    assert attempts(run) == 2
    undisturbed = tmp_path / "undisturbed"
    through(sweep, undisturbed)
    assert run.history.read_bytes() == planned_cells(sweep, undisturbed)[0].run.history.read_bytes()


def test_a_time_budget_is_one_for_all_cells_together(tmp_path, monkeypatch):
    sweep, runs = loaded(tmp_path, None, "execution.time_budget=1000"), tmp_path / "runs"
    clock = itertools.count(0, 600)
    monkeypatch.setattr(execute, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=time.sleep))
    with pytest.raises(PreemptedError, match="the time budget of 1000 s is used up; the same command goes on"):
        through(sweep, runs)
    assert states(sweep, runs) == [DONE, MISSING, MISSING, MISSING]


def test_a_time_budget_ends_a_cell_in_the_middle_and_the_next_start_goes_on(tmp_path):
    changes = LONG | {"epochs: 3": "epochs: 1500"}
    sweep, runs = loaded(tmp_path, changes, "execution.time_budget=0.3", "model.bias=false"), tmp_path / "runs"
    with pytest.raises(PreemptedError, match="time budget"):
        through(sweep, runs)
    first = planned_cells(sweep, runs)[0]
    assert (first.state, attempts(first.run)) == (RESUMABLE, 1)
    before = read_table(first.run.history)
    with pytest.raises(PreemptedError):
        through(sweep, runs)
    assert attempts(first.run) == 2
    assert len(read_table(first.run.history)) > len(before)


def test_a_signal_while_a_cell_is_measured_ends_the_sweep_and_the_next_start_measures_it(tmp_path, monkeypatch):
    sweep, runs = loaded(tmp_path), tmp_path / "runs"
    measure, before = MEASURES["parameter_count"], signal.getsignal(signal.SIGTERM)
    signals = iter([signal.SIGTERM])

    def terminated(model):
        for number in signals:
            assert callable(signal.getsignal(number)), "nobody listens, and it would end the tests"
            os.kill(os.getpid(), number)
        return 1.0

    monkeypatch.setitem(MEASURES, "parameter_count", type(measure)(**vars(measure) | {"function": terminated}))
    with pytest.raises(PreemptedError, match="stopped by SIGTERM"):
        through(sweep, runs)
    assert signal.getsignal(signal.SIGTERM) is before
    first = planned_cells(sweep, runs)[0]
    assert (first.state, read_status(first.run)["status"]) == ("unmeasured", "finished")
    through(sweep, runs)
    assert states(sweep, runs) == [DONE] * 4
    assert attempts(first.run) == 1


@pytest.fixture
def missing(monkeypatch):
    """Makes the images of these data sets missing; the data sets that were tried in vain."""
    tried, real = [], execute.train_run

    def make(*names):
        def train(config, **options):
            if config.data.name in names:
                tried.append(config.data.name)
                raise DataMissingError(f"no images of {config.data.name}")
            return real(config, **options)

        monkeypatch.setattr(execute, "train_run", train)
        return tried

    return make


SETS = {"model.widths: [[4], [8]]": "data.name: [mnist, digits, cifar10]"}


def test_missing_images_of_every_cell_end_the_sweep(tmp_path, missing):
    tried = missing("digits")
    with pytest.raises(DataMissingError, match="no images of digits"):
        through(loaded(tmp_path), tmp_path / "runs")
    assert tried == ["digits"]


def test_missing_images_of_one_data_set_are_asked_for_once_and_the_cells_of_the_others_run(tmp_path, missing):
    tried, sweep = missing("mnist", "cifar10"), loaded(tmp_path, SETS)
    _, ended = through(sweep, tmp_path / "runs")
    assert tried == ["mnist", "cifar10"], "a download that fails is slow"
    assert [p.state for p in ended] == [FAILED, FAILED, DONE, DONE, FAILED, FAILED]
    assert [p.reason for p in ended if p.state == FAILED] == ["no images of mnist"] * 2 + ["no images of cifar10"] * 2
    assert states(sweep, tmp_path / "runs") == [MISSING] * 2 + [DONE] * 2 + [MISSING] * 2
    _, ended = through(sweep, tmp_path / "runs")
    assert [p.state for p in ended] == [FAILED] * 4, "and say so again, though nothing else is left"


def test_several_missing_data_sets_that_are_all_there_is_are_all_named(tmp_path, missing):
    missing("mnist", "digits", "cifar10")
    with pytest.raises(DataMissingError, match="no images of mnist; no images of digits; no images of cifar10"):
        through(loaded(tmp_path, SETS), tmp_path / "runs")


def test_a_cell_that_another_process_is_at_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "POLL_SECONDS", 0.05)
    sweep, runs = loaded(tmp_path), tmp_path / "runs"
    identity = planned_cells(sweep, runs)[0].run.run_id
    code = (
        "import sys, time; from pathlib import Path; from genlab.rundir.locks import locked\n"
        "with locked(Path(sys.argv[1]), sys.argv[2]): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(runs), identity], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    ended_early = []

    def release():
        time.sleep(0.5)
        ended_early.extend(states(sweep, runs))
        other.communicate()

    thread = threading.Thread(target=release)
    thread.start()
    _, ended = through(sweep, runs)
    thread.join()
    assert [p.cell.label for p in ended][-1] == "widths=4 seed=0"
    assert ended_early[0] == MISSING


def test_a_cell_that_fails_in_another_process_meanwhile_has_had_its_chance(tmp_path):
    sweep, runs = loaded(tmp_path, SOME_DIVERGE), tmp_path / "runs"
    passes = sweep_passes(sweep)
    planned = sweep_plan(sweep, passes, runs=runs, data_dir=runs)
    through(sweep, runs)
    for only in (None, "failed"):
        begun = []
        work_through(
            planned if only is None else sweep_plan(sweep, passes, runs=runs, data_dir=runs),
            passes,
            runs=runs,
            data_dir=runs,
            device=None,
            only=only,
            fail_fast=False,
            first=0,
            progress=Silent(),
            started=begun.append,
            finished=lambda planned: None,
        )
        assert len(begun) == (0 if only is None else 2)


def test_a_run_whose_process_died_on_another_host_is_taken_over(tmp_path):
    sweep, runs = loaded(tmp_path, LONG), tmp_path / "runs"
    with pytest.raises(PreemptedError):
        through(sweep, runs, progress=Signalling(40))
    run = planned_cells(sweep, runs)[0].run
    status = run.status.read_text().replace('"preempted"', '"running"')
    run.status.write_text(status)
    (runs / ".locks" / f"{run.run_id}.json").write_text('{"pid": 1, "started": 1, "host": "gone"}')
    assert states(sweep, runs)[0] == "running"
    through(sweep, runs)
    assert states(sweep, runs) == [DONE] * 4


def test_a_run_at_work_on_another_host_is_left_alone(tmp_path):
    runs, run = tmp_path / "runs", planned_cells(loaded(tmp_path), tmp_path / "runs")[0].run
    with locked(runs, run.run_id):
        assert execute._at_work(runs, run)
    assert not execute._at_work(runs, run)
