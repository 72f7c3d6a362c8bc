"""Full disks, frozen processes and directories that vanish while a run is at work."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

from genlab.config.load import load_train_config
from genlab.errors import GenlabError, PreemptedError
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.layout import RunDirectory
from genlab.rundir.status import read_status
from tests.training.examples import STEPS_AN_EPOCH, AtStep, same_bits, small_config, stop_at, trained

# The checkpoint of this run is 44 kB, its weights 22 kB, its text files less.
WIDE = {"model": {"name": "mlp", "widths": [72]}, "execution.checkpoint_every": {"epochs": 1, "seconds": None}}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return trained(small_config(WIDE), tmp_path_factory.mktemp("undisturbed")).run


@contextlib.contextmanager
def largest_file(size):
    """No file can grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def failing(runs, size):
    """Train until a file cannot be written; the message."""
    with largest_file(size), pytest.raises(GenlabError) as caught:
        trained(small_config(WIDE), runs)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


def stopped(runs, step):
    with pytest.raises(PreemptedError):
        trained(small_config(WIDE), runs, stop_at(step))
    (path,) = runs.glob("small-*")
    return RunDirectory(path)


def halves(run):
    return list(run.path.rglob("*.tmp"))


def test_a_disk_that_is_full_at_a_checkpoint_leaves_the_one_before_and_the_run_goes_on_when_there_is_room(
    tmp_path, undisturbed
):
    run = stopped(tmp_path, 6)
    before = run.checkpoint.read_bytes()
    message = failing(tmp_path, 30_000)
    assert message.startswith(f"{run.checkpoint}: cannot be written: ")
    assert "File too large" in message
    assert message.endswith("; make room or give another place with --runs, then start again")
    assert run.checkpoint.read_bytes() == before
    assert halves(run) == []
    status = read_status(run)
    assert status["status"] == "failed"
    assert str(run.checkpoint) in status["reason"]
    assert same_bits(trained(small_config(WIDE), tmp_path).run, undisturbed)


def test_a_disk_that_is_full_in_the_middle_of_a_row_of_the_history_loses_no_row_before(tmp_path, undisturbed):
    run = stopped(tmp_path, 6)
    rows = run.history.read_text()
    message = failing(tmp_path, run.history.stat().st_size + 20)
    assert "cannot be written: File too large" in message
    assert run.history.read_text().startswith(rows)
    assert load_tensors(run.checkpoint, "")[1]["step"] == 6
    assert same_bits(trained(small_config(WIDE), tmp_path).run, undisturbed)


def test_a_disk_that_is_full_at_the_first_start_or_at_the_final_weights_is_one_line(tmp_path, undisturbed):
    for size in (0, 200, 2_000, 10_000):
        assert "cannot be written: " in failing(tmp_path, size)
    run = stopped(tmp_path, 4 * STEPS_AN_EPOCH - 1)
    assert str(run.final) in failing(tmp_path, 10_000)
    assert not run.final.exists()
    assert read_status(run)["status"] == "failed"
    assert same_bits(trained(small_config(WIDE), tmp_path).run, undisturbed)


def test_a_disk_that_is_full_where_a_stop_is_to_be_saved_says_so_and_keeps_the_checkpoint_before(tmp_path, undisturbed):
    run = stopped(tmp_path, 6)
    before = run.checkpoint.read_bytes()
    with largest_file(30_000), pytest.raises(GenlabError, match="cannot be written") as caught:
        trained(small_config(WIDE), tmp_path, stop_at(7))
    assert caught.value.exit_code == 1
    assert run.checkpoint.read_bytes() == before
    assert same_bits(trained(small_config(WIDE), tmp_path).run, undisturbed)


@pytest.mark.parametrize("step", [2, STEPS_AN_EPOCH, STEPS_AN_EPOCH + 2])
def test_a_directory_that_is_removed_while_its_run_trains_is_one_line_and_the_next_start_begins_anew(
    step, tmp_path, undisturbed
):
    def remove():
        (path,) = tmp_path.glob("small-*")
        shutil.rmtree(path)

    with pytest.raises(GenlabError, match=r"/timing.csv: cannot be written: No such file or directory") as caught:
        trained(small_config(WIDE), tmp_path, AtStep(step, remove))
    assert caught.value.exit_code == 1
    assert same_bits(trained(small_config(WIDE), tmp_path).run, undisturbed)


def test_a_run_killed_before_its_first_checkpoint_after_its_directory_was_removed_still_begins_anew(
    tmp_path, undisturbed
):
    """The run may have put its checkpoint into a new directory that knows nothing else of it."""
    run = stopped(tmp_path, 2 * STEPS_AN_EPOCH + 1)
    for file in run.path.iterdir():
        if file.is_file():
            file.unlink()
    frozen_out = small_config(WIDE | {"execution.checkpoint_every": {"seconds": None}})
    with pytest.raises(ZeroDivisionError):
        trained(frozen_out, tmp_path, AtStep(STEPS_AN_EPOCH + 1, lambda: 1 / 0))
    assert same_bits(trained(small_config(WIDE), tmp_path).run, undisturbed)


COMMAND = "import sys; from genlab.cli.app import main; sys.argv = ['genlab', *sys.argv[1:]]; main()"


def test_a_run_that_is_frozen_thawed_killed_and_started_again_from_the_command_line_is_the_undisturbed_one(tmp_path):
    overrides = ["training.stop={epochs: 60}", "model.dropout=0.2"]
    overrides += ["execution.checkpoint_every.seconds=0.2", "execution.threads=1", "execution.device=cpu"]
    command = [sys.executable, "-c", COMMAND, "train", "digits-mlp", *overrides, "--runs", str(tmp_path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    give_up = time.monotonic() + 60
    while not list(tmp_path.glob("*/checkpoint/latest.safetensors")) and time.monotonic() < give_up:
        time.sleep(0.01)
    for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL):
        process.send_signal(number)
        time.sleep(0.05)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    (path,) = tmp_path.glob("digits-mlp-*")
    assert read_status(RunDirectory(path))["reason"] == "its process was killed"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    expected = trained(load_train_config("digits-mlp", overrides).config, tmp_path / "undisturbed").run
    assert same_bits(RunDirectory(path), expected)
