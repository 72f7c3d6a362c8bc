"""A sweep from its plan to its results."""

import json
import signal
from pathlib import Path
from unittest import mock

import pytest

from genlab.config.load import to_yaml
from genlab.errors import GenlabError, PreemptedError
from genlab.rundir.checkpoints import load_tensors, save_tensors
from genlab.rundir.tables import read_table
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.plan import DONE, FAILED
from genlab.sweeps.run import sweep_folder
from tests.cli.command import genlab
from tests.sweeps.examples import (
    LONG,
    SOME_DIVERGE,
    attempts,
    loaded,
    planned_cells,
    results_of,
    runs_in,
    states,
    sweep_file,
    swept,
)

PACKAGED = "neyshabur2017-figure4"


def statuses(runs):
    (path,) = runs.glob("sweeps/*/results.csv")
    return [row["status"] for row in read_table(path)]


def test_results_are_beside_the_runs_in_a_folder_for_each_sweep_and_scale(tmp_path):
    outcome = swept(loaded(tmp_path), tmp_path / "runs")
    (results,) = (tmp_path / "runs" / "sweeps").glob("small-smoke-*/results.csv")
    assert outcome.results == results
    assert outcome.states == {DONE: 4}
    assert outcome.failed == []
    assert statuses(tmp_path / "runs") == ["finished"] * 4


def test_overrides_have_a_folder_of_their_own_in_whatever_order_they_come(tmp_path):
    sweep_file(tmp_path)
    for target, plain in ((f"{tmp_path}/small.yaml", None), (PACKAGED, f"{PACKAGED}-smoke")):

        def folder(*overrides):
            return sweep_folder(load_sweep(target, "smoke", overrides), tmp_path).name  # noqa: B023 - called at once

        changed = folder("training.batch_size=8", "data.labels.corruption=0.5")
        assert changed == folder("data.labels.corruption=0.5", "training.batch_size=8")
        assert changed.startswith(f"{Path(target).stem}-smoke-")
        assert len({changed, folder("training.batch_size=8"), folder()}) == 3
        assert folder() == folder("execution.device=cpu") == folder("execution.time_budget=5") == (plain or folder())


def test_files_of_one_name_in_different_folders_share_no_results_and_keep_their_own(tmp_path):
    def folder(place, changes=None):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        sweep = load_sweep(str(sweep_file(tmp_path / place, changes, PACKAGED)), "smoke")
        return sweep_folder(sweep, tmp_path / place.split("/")[0] / "runs").name

    one, other = folder("project/one"), folder("project/other")
    packaged = sweep_folder(load_sweep(PACKAGED, "smoke"), tmp_path).name
    assert len({one, other, packaged}) == 3
    assert one == folder("project/one", {"seeds: [0, 1]": "seeds: [7]"}), "the file is edited"
    assert one == folder("moved/one"), "the project is moved"


def test_the_folder_of_a_sweep_does_not_depend_on_where_genlab_is_started(tmp_path, monkeypatch):
    path = sweep_file(tmp_path)
    before = sweep_folder(load_sweep(str(path), "smoke"), tmp_path / "runs").name
    monkeypatch.chdir(tmp_path)
    assert sweep_folder(load_sweep("small.yaml", "smoke"), Path("runs")).name == before


def test_a_sweep_that_is_stopped_leaves_the_results_of_what_there_is(tmp_path):
    changes = LONG | {"epochs: 3": "epochs: 3000"}
    with pytest.raises(PreemptedError):
        swept(loaded(tmp_path, changes, "execution.time_budget=0.2"), tmp_path / "runs")
    assert statuses(tmp_path / "runs") == ["preempted", "missing", "missing", "missing"]


def test_failed_cells_are_told_in_the_outcome_and_the_results(tmp_path):
    outcome = swept(loaded(tmp_path, SOME_DIVERGE), tmp_path / "runs")
    assert outcome.states == {DONE: 2, FAILED: 2}
    assert [p.cell.label for p in outcome.failed] == ["learning_rate=1e+30 seed=0", "learning_rate=1e+30 seed=1"]
    assert all("training loss" in p.reason for p in outcome.failed)
    assert statuses(tmp_path / "runs") == ["finished", "finished", "failed", "failed"]
    again = swept(loaded(tmp_path, SOME_DIVERGE), tmp_path / "runs")
    assert again.states == outcome.states, "also by a start that does nothing"


def test_a_failure_that_no_file_of_the_run_tells_is_told_all_the_same(tmp_path):
    outcome = swept(loaded(tmp_path, None, "execution.keep=none"), tmp_path / "runs")
    assert [p.state for p in outcome.planned] == [FAILED] * 4
    assert "execution.keep: none" in outcome.failed[0].reason


def test_a_full_disk_in_one_cell_leaves_the_others_and_ends_with_its_reason(tmp_path):
    sweep = loaded(tmp_path)
    full = planned_cells(sweep, tmp_path / "runs")[1].run.run_id

    def no_room(path, *arguments):
        if full in str(path) and path.name == "final.safetensors":
            raise GenlabError(f"{path}: cannot be written: No space left on device")
        save_tensors(path, *arguments)

    with mock.patch("genlab.training.recorder.save_tensors", no_room):
        outcome = swept(sweep, tmp_path / "runs")
    assert outcome.states == {DONE: 3, FAILED: 1}
    assert "No space left on device" in outcome.failed[0].reason
    assert swept(sweep, tmp_path / "runs", only="failed").states == {DONE: 4}


def test_runs_made_by_hand_under_another_name_are_used(tmp_path):
    sweep, runs = loaded(tmp_path), tmp_path / "runs"
    first = sweep.cells[0].config
    by_hand = tmp_path / "by-hand.yaml"
    by_hand.write_text(to_yaml(first).replace("name: small", "name: by-hand"))
    assert genlab("train", by_hand, "--runs", runs, "--quiet").code == 0
    swept(sweep, runs)
    assert [run.name for run in runs_in(runs)] == ["by-hand", "small", "small", "small"]
    assert [attempts(run) for run in runs_in(runs)] == [1] * 4
    assert statuses(runs) == ["finished"] * 4


@pytest.mark.slow
def test_two_processes_give_the_results_of_one_byte_for_byte(tmp_path):
    changes = {"epochs: 3": "epochs: 20"}
    outcome = swept(loaded(tmp_path, changes), tmp_path / "two", jobs=2)
    assert outcome.states == {DONE: 4}
    swept(loaded(tmp_path, changes), tmp_path / "one")
    assert results_of(tmp_path / "two") == results_of(tmp_path / "one")
    for two, one in zip(runs_in(tmp_path / "two"), runs_in(tmp_path / "one"), strict=True):
        ours, theirs = (load_tensors(run.final, "")[0] for run in (two, one))
        assert [(name, ours[name].numpy().tobytes()) for name in sorted(ours)] == [
            (name, theirs[name].numpy().tobytes()) for name in sorted(theirs)
        ]
        assert two.history.read_bytes() == one.history.read_bytes()
        assert attempts(two) == 1


@pytest.mark.slow
def test_failures_of_workers_are_told_with_their_reasons(tmp_path, capsys):
    sweep = loaded(tmp_path, SOME_DIVERGE, "execution.keep=none")
    outcome = swept(sweep, tmp_path / "runs", jobs=2, quiet=False)
    assert [p.state for p in outcome.planned] == [FAILED] * 4
    assert all("execution.keep: none" in p.reason for p in outcome.failed[:2]), "a failed pass"
    assert all("training loss" in p.reason for p in outcome.failed[2:]), "failed training"
    told = capsys.readouterr().err
    assert "failed: learning_rate=1e+30 seed=0: the training loss" in told, "as it happens, not only at the end"


@pytest.mark.slow
def test_fail_fast_stops_all_workers(tmp_path):
    changes = LONG | {"model.widths: [[4], [8]]": "training.optimiser.learning_rate: [1.0e+30, 0.1]"}
    changes |= {"epochs: 3": "epochs: 4000"}
    outcome = swept(loaded(tmp_path, changes), tmp_path / "runs", jobs=2, fail_fast=True)
    assert 1 <= len(outcome.failed) <= 2
    assert DONE not in outcome.states


@pytest.mark.slow
def test_a_time_budget_that_is_used_up_in_workers_is_told_as_such(tmp_path):
    sweep = loaded(tmp_path, LONG | {"epochs: 3": "epochs: 20000"}, "execution.time_budget=0.5")
    with pytest.raises(PreemptedError, match="time budget"):
        swept(sweep, tmp_path / "runs", jobs=2)
    assert states(sweep, tmp_path / "runs").count("resumable") == 2
    assert statuses(tmp_path / "runs").count("preempted") == 2


def test_a_worker_writes_no_results(tmp_path):
    swept(loaded(tmp_path), tmp_path / "runs", worker=0)
    assert not list((tmp_path / "runs").glob("sweeps/*"))


def test_the_command_ends_with_3_and_a_line_for_each_failed_cell(tmp_path):
    path = sweep_file(tmp_path, SOME_DIVERGE)
    said = genlab("sweep", path, "--scale", "smoke", "--runs", tmp_path / "runs")
    assert said.code == 3
    failed = [line for line in said.out.splitlines() if line.startswith("failed: ")]
    assert [line.partition(" (")[0] for line in failed] == [f"failed: learning_rate=1e+30 seed={s}" for s in "01"]
    assert said.out.splitlines()[-1].startswith("4 cells: 2 done, 2 failed; results: ")
    assert "[2/4] learning_rate=0.1 seed=1: 3 epochs" in said.err
    as_json = genlab("sweep", path, "--scale", "smoke", "--runs", tmp_path / "runs", "--json")
    assert as_json.code == 3
    assert json.loads(as_json.out)["states"] == {"done": 2, "failed": 2}


def test_the_command_ends_with_75_when_its_time_budget_is_used_up_and_goes_on_later(tmp_path):
    path = sweep_file(tmp_path, LONG | {"epochs: 3": "epochs: 30"})
    arguments = ("sweep", path, "--scale", "smoke", "--runs", tmp_path / "runs", "--quiet")
    said = genlab(*arguments, "execution.time_budget=0.001")
    assert said.code == 75
    assert "time budget" in said.err
    assert genlab(*arguments).code == 0
    assert max(attempts(run) for run in runs_in(tmp_path / "runs")) == 2


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_command_ends_with_3_where_some_images_are_missing_and_with_5_where_all_are(tmp_path, jobs):
    (tmp_path / "data").write_text("a file, into which nothing can be downloaded")
    places = ("--scale", "smoke", "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data", "--jobs", jobs)
    for sets, code in (("[digits, mnist]", 3), ("[cifar10, mnist]", 5)):
        path = sweep_file(tmp_path, {"model.widths: [[4], [8]]": f"data.name: {sets}"})
        said = genlab("sweep", path, *places, "--quiet")
        assert said.code == code
        assert "train-images-idx3-ubyte is missing" in (said.out if code == 3 else said.err)
    assert "cifar" in said.err
    genlab("sweep", sweep_file(tmp_path, {"model.widths: [[4], [8]]": "data.name: [digits, mnist]"}), *places)
    assert statuses(tmp_path / "runs") == ["finished", "finished", "failed", "failed"]


def test_a_dry_run_shows_every_cell_and_runs_none(tmp_path):
    path = sweep_file(tmp_path)
    said = genlab("sweep", path, "--scale", "smoke", "--runs", tmp_path / "runs", "--dry-run")
    assert said.code == 0
    assert not (tmp_path / "runs").exists()
    assert said.out.count("missing") == 4
    assert "small at scale smoke: 4 cells, 4 not done; time left: unknown" in said.out
    plan = json.loads(genlab("sweep", path, "--scale", "smoke", "--dry-run", "--json").out)
    assert [cell["seed"] for cell in plan["cells"]] == [0, 1, 0, 1]


def test_ctrl_c_has_its_usual_meaning_again_after_a_sweep(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]
    swept(loaded(tmp_path), tmp_path / "runs")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)] == before
