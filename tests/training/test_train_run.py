import contextlib
import itertools
import json
import shutil
import subprocess
import sys

import pytest
import torch

import genlab
from genlab.config.load import load_train_config
from genlab.errors import DataMissingError, GenlabError, LockedError, PreemptedError
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.provenance import read_provenance
from genlab.rundir.status import read_status
from genlab.signals import Signalled
from genlab.training import train_run
from genlab.training.interruption import stop_requests
from tests.training.examples import (
    STEPS_AN_EPOCH,
    AtStep,
    CrashError,
    crash,
    same_bits,
    small_config,
    stop_at,
    trained,
)


def the_run(runs):
    (path,) = runs.glob("small-*")
    return RunDirectory(path)


def crashed(config, runs, step):
    """An unfinished run whose process died at a step, as far as one that goes on living can."""
    with pytest.raises(CrashError):
        trained(config, runs, AtStep(step, crash))
    return the_run(runs)


def stopped(config, runs, step=6):
    with pytest.raises(PreemptedError):
        trained(config, runs, stop_at(step))
    return the_run(runs)


def state_of(path):
    """Every file with its content and time of change."""
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return trained(small_config(), tmp_path_factory.mktemp("undisturbed")).run


def test_a_finished_run_leaves_its_files_and_nothing_else(tmp_path):
    result = trained(small_config(), tmp_path)
    assert not result.already
    assert {path.name for path in result.run.path.iterdir()} == {
        "config.yaml",
        "provenance.json",
        "status.json",
        "history.csv",
        "timing.csv",
        "initial.safetensors",
        "final.safetensors",
    }
    assert {path.name for path in tmp_path.iterdir()} == {result.run.path.name, ".locks"}


def test_a_finished_run_says_so_and_does_nothing(tmp_path):
    first = trained(small_config(), tmp_path)
    before = state_of(first.run.path)
    again = trained(small_config(), tmp_path, AtStep(1, crash))
    assert again.already
    assert again.run == first.run
    assert again.status == first.status
    assert state_of(first.run.path) == before


def test_force_starts_afresh_and_gives_the_same_bits(tmp_path, undisturbed):
    run = trained(small_config(), tmp_path).run
    run.measures.write_text("of the run before\n")
    run.final.write_bytes(b"")
    again = trained(small_config(), tmp_path, force=True)
    assert not again.already
    assert not run.measures.exists()
    assert len(read_provenance(run)["attempts"]) == 1
    assert same_bits(again.run, undisturbed)


def test_force_starts_an_unfinished_run_afresh_too(tmp_path):
    run = stopped(small_config(), tmp_path)
    crashed_again = AtStep(1, crash)
    with pytest.raises(CrashError):
        trained(small_config(), tmp_path, crashed_again, force=True)
    assert not run.checkpoint.exists()


def test_force_removes_nothing_where_the_data_are_missing(tmp_path, monkeypatch):
    run = trained(small_config(), tmp_path).run
    before = state_of(run.path)

    def missing(*arguments, **options):
        raise DataMissingError("no data")

    monkeypatch.setattr(train_run, "build_dataset", missing)
    with pytest.raises(DataMissingError):
        trained(small_config(), tmp_path, force=True)
    assert state_of(run.path) == before


@pytest.mark.parametrize(("keep", "kept"), [("all", ["final", "initial"]), ("final", ["final"]), ("none", [])])
def test_the_weights_that_are_asked_for_are_kept(keep, kept, tmp_path):
    run = trained(small_config({"execution.keep": keep}), tmp_path).run
    assert sorted(path.stem for path in run.path.glob("*.safetensors")) == kept


def test_the_resolved_config_in_the_directory_makes_the_same_run(tmp_path, undisturbed):
    config = load_train_config(str(undisturbed.path)).config
    assert config == small_config()
    assert trained(config, undisturbed.path.parent).already
    assert same_bits(trained(config, tmp_path).run, undisturbed)


def test_another_name_and_other_execution_are_the_same_run(tmp_path):
    run = stopped(small_config(), tmp_path)
    config = small_config({"execution.checkpoint_every": {"epochs": 1}, "execution.keep": "final"}, name="renamed")
    assert trained(config, tmp_path).run == run
    assert trained(small_config(), tmp_path).already
    assert len(list(tmp_path.glob("*-*"))) == 1


def test_another_seed_is_another_run(tmp_path):
    first, second = (trained(small_config(seed=seed), tmp_path).run for seed in (0, 1))
    assert first != second


def test_checkpoints_come_at_an_interval_of_epochs(tmp_path, undisturbed):
    config = small_config({"execution.checkpoint_every": {"epochs": 2, "seconds": None}})
    run = crashed(config, tmp_path, 4 * STEPS_AN_EPOCH - 1)
    assert load_tensors(run.checkpoint, "")[1] == {"step": 2 * STEPS_AN_EPOCH, "run_id": run.run_id}
    assert same_bits(trained(config, tmp_path).run, undisturbed)


def test_checkpoints_come_at_an_interval_of_seconds_in_the_middle_of_an_epoch_too(tmp_path, undisturbed):
    config = small_config({"execution.checkpoint_every": {"seconds": 1e-6}})
    run = crashed(config, tmp_path, 7)
    assert load_tensors(run.checkpoint, "")[1]["step"] == 6
    assert same_bits(trained(config, tmp_path).run, undisturbed)


def test_the_rows_after_the_checkpoint_are_written_once(tmp_path, undisturbed):
    config = small_config({"execution.checkpoint_every": {"epochs": 1, "seconds": None}})
    run = crashed(config, tmp_path, 2 * STEPS_AN_EPOCH + 1)
    with run.history.open("a") as file:
        file.write(run.history.read_text().splitlines()[-1].replace("2,8", "3,12") + "\n4,1")
    assert same_bits(trained(config, tmp_path).run, undisturbed)
    assert [line.split(",")[0] for line in run.timing.read_text().splitlines()] == ["epoch", "1", "2", "3", "4"]


def test_a_crash_is_a_failed_run_with_the_reason_that_can_be_resumed(tmp_path, undisturbed):
    run = crashed(small_config(), tmp_path, 5)
    status = read_status(run)
    assert (status["status"], status["reason"]) == ("failed", "crash")
    assert read_provenance(run)["attempts"][-1]["outcome"] == "failed: crash"
    assert same_bits(trained(small_config(), tmp_path).run, undisturbed)


@pytest.mark.parametrize("lost", ["checkpoint", "folder", "all but the checkpoint"])
def test_an_unfinished_run_that_has_lost_its_checkpoint_or_its_history_of_attempts_starts_anew(
    lost, tmp_path, undisturbed
):
    run = stopped(small_config(), tmp_path)
    if lost == "checkpoint":
        run.checkpoint.unlink()
    elif lost == "folder":
        shutil.rmtree(run.checkpoint.parent)
    else:
        for file in run.path.iterdir():
            if file.is_file():
                file.unlink()
    seen = []
    config = small_config()
    with pytest.raises(CrashError):
        trained(config, tmp_path, AtStep(1, lambda: (seen.append(1), crash())))
    assert seen == [1]
    assert not run.checkpoint.exists(), "a later start would take it for one of this start"
    assert same_bits(trained(config, tmp_path).run, undisturbed)


def test_a_damaged_checkpoint_is_one_line_and_stays_as_it_is_until_it_is_removed(tmp_path, undisturbed):
    run = stopped(small_config(), tmp_path)
    run.checkpoint.write_bytes(run.checkpoint.read_bytes()[:-10])
    content = run.checkpoint.read_bytes()
    for _ in range(2):
        with pytest.raises(
            GenlabError, match=r"is damaged or not a genlab file .*; remove it and start again"
        ) as caught:
            trained(small_config(), tmp_path)
        assert caught.value.exit_code == 1
        assert "\n" not in str(caught.value)
        assert run.checkpoint.read_bytes() == content
    run.checkpoint.unlink()
    assert same_bits(trained(small_config(), tmp_path).run, undisturbed)


def test_halves_of_files_that_a_killed_process_left_are_removed(tmp_path):
    run = stopped(small_config(), tmp_path)
    halves = [run.path / ".status.json.abc.tmp", run.checkpoint.parent / ".latest.safetensors.abc.tmp"]
    for half in halves:
        half.write_bytes(b"half")
    trained(small_config(), tmp_path)
    assert not [half for half in halves if half.exists()]


def test_a_damaged_last_row_is_named_and_nothing_is_lost(tmp_path):
    run = stopped(small_config(), tmp_path)
    content = run.history.read_text()
    run.history.write_text(content[: content.rfind(",") + 1] + "0.1x\n")
    with pytest.raises(GenlabError, match=f"{run.history}:3: damaged: .*0.1x.*--force"):
        trained(small_config(), tmp_path)
    assert run.checkpoint.exists()


def test_a_row_with_an_infinite_loss_can_be_resumed_from(tmp_path):
    run = stopped(small_config(), tmp_path)
    lines = run.history.read_text().splitlines()
    fields = lines[-1].split(",")
    run.history.write_text("\n".join([*lines[:-1], ",".join([*fields[:-2], "inf", fields[-1]])]) + "\n")
    crashed(small_config(), tmp_path, 7)
    assert "test_loss" not in read_status(run)["final"]
    assert "test_error" in read_status(run)["final"]


def test_while_one_process_trains_another_is_told_so(tmp_path):
    def second():
        with pytest.raises(LockedError) as caught:
            trained(small_config(name="other"), tmp_path)
        assert caught.value.exit_code == 4
        assert str(caught.value).endswith("is at work on it; wait for it or stop it")

    assert trained(small_config(), tmp_path, AtStep(3, second)).status["status"] == "finished"
    assert trained(small_config(), tmp_path).already


HOLD = """
import sys, time
from pathlib import Path
from genlab.rundir.locks import locked
with locked(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_of_another_process_ends_with_the_process_however_it_ends(tmp_path):
    run = stopped(small_config(), tmp_path)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path, run.run_id], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(LockedError, match=f"process {holder.pid} on "):
        trained(small_config(), tmp_path)
    holder.kill()
    holder.communicate()
    assert trained(small_config(), tmp_path).status["status"] == "finished"


def test_status_and_lists_say_that_a_run_is_running_while_it_is(tmp_path):
    seen = []
    trained(small_config(), tmp_path, AtStep(3, lambda: seen.append(read_status(the_run(tmp_path)))))
    assert seen[0]["status"] == "running"
    assert seen[0]["name"] == "small"
    assert seen[0]["config"]["training.optimiser.learning_rate"] == 0.1
    status = read_status(the_run(tmp_path))
    assert (status["status"], status["reason"]) == ("finished", "4 epochs")
    assert status["final"]["epoch"] == 4
    assert status["started"] <= status["stopped"]


def test_the_provenance_says_what_made_the_run_and_every_attempt(tmp_path, monkeypatch):
    moments = itertools.count()
    monkeypatch.setattr("genlab.rundir.provenance.now", lambda: f"2026-01-01T00:00:{next(moments):02}+00:00")
    run = stopped(small_config(seed=5), tmp_path)
    trained(small_config(seed=5), tmp_path)
    provenance = json.loads(run.provenance.read_text())
    assert provenance["seed"] == 5
    assert provenance["execution"] == {"device": "cpu", "threads": 1, "compile": False, "evaluation_batch": 256}
    first, second = provenance["attempts"]
    assert (first["outcome"], second["outcome"]) == ("preempted: SIGTERM", "finished: 4 epochs")
    assert first["start"] < first["stop"] < second["start"] < second["stop"]
    assert first["argv"] == sys.argv
    assert first["versions"]["genlab"] == genlab.__version__
    assert torch.__version__.startswith(first["versions"]["torch"])
    assert first["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert first["machine"]["cores"] >= 1
    assert first["machine"]["processor"]
    assert set(first["git"]) in ({"commit", "dirty"}, set())


def test_a_run_directory_in_a_place_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "runs").write_text("not a directory")
    with pytest.raises(GenlabError, match="cannot be written: ") as caught:
        trained(small_config(), tmp_path / "runs")
    assert "\n" not in str(caught.value)


def test_the_lock_is_free_after_a_failure(tmp_path):
    run = crashed(small_config(), tmp_path, 3)
    with locked(tmp_path, run.run_id):
        pass


@pytest.mark.parametrize("name", ["final.safetensors", "history.csv", "config.yaml"])
def test_a_finished_run_that_has_lost_a_file_is_made_again_and_is_the_same(name, tmp_path, undisturbed):
    run = trained(small_config(), tmp_path).run
    run.measures.write_text("of the same weights")
    (run.path / name).unlink()
    again = trained(small_config(), tmp_path)
    assert not again.already
    assert same_bits(run, undisturbed)
    assert run.measures.read_text() == "of the same weights"


def test_a_finished_run_that_was_to_keep_no_weights_has_lost_none(tmp_path):
    trained(small_config({"execution.keep": "none"}), tmp_path)
    assert trained(small_config(), tmp_path).already


def test_a_run_that_was_killed_when_it_had_just_said_that_it_finished_leaves_no_checkpoint(tmp_path):
    run = trained(small_config(), tmp_path).run
    run.checkpoint.parent.mkdir()
    shutil.copy(run.final, run.checkpoint)
    assert trained(small_config(), tmp_path).already
    assert not run.checkpoint.parent.exists()


def test_a_lost_run_killed_while_it_is_made_again_does_not_say_that_it_finished(tmp_path, undisturbed, monkeypatch):
    run = trained(small_config(), tmp_path).run
    run.history.unlink()

    def killed(*arguments, **options):
        raise CrashError

    monkeypatch.setattr(train_run, "record_start", killed)
    with pytest.raises(CrashError):
        trained(small_config(), tmp_path)
    monkeypatch.undo()
    assert not trained(small_config(), tmp_path).already
    assert same_bits(run, undisturbed)


def test_a_signal_after_the_end_leaves_the_run_finished(tmp_path, monkeypatch):
    @contextlib.contextmanager
    def late(budget):
        with stop_requests(budget) as request:
            yield request
        raise Signalled("SIGTERM")

    monkeypatch.setattr(train_run, "stop_requests", late)
    with pytest.raises(Signalled):
        trained(small_config(), tmp_path)
    monkeypatch.undo()
    assert read_status(the_run(tmp_path))["status"] == "finished"
    assert trained(small_config(), tmp_path).already


def test_what_a_resumed_run_keeps_is_what_it_promises(tmp_path):
    stopped(small_config(), tmp_path)
    run = trained(small_config({"execution.keep": "none"}), tmp_path).run
    assert not run.final.exists()
    assert trained(small_config(), tmp_path).already
