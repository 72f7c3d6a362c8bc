import csv
import json

import pytest
import torch

from genlab.errors import GenlabError
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.layout import RunDirectory
from genlab.training import recorder as module
from genlab.training.evaluate import Evaluation
from genlab.training.recorder import CheckpointClock, Recorder
from genlab.training.resume import load_checkpoint
from genlab.training.stopping import Ending

WEIGHTS = {"0.weight": torch.arange(6.0).view(2, 3)}


@pytest.fixture
def time(monkeypatch):
    class Clock:
        now = 0.0

    fake = Clock()
    monkeypatch.setattr(module.time, "monotonic", lambda: fake.now)
    return fake


def recorder(tmp_path, **options):
    made = Recorder(RunDirectory(tmp_path), {"seed": 3}, **options)
    made.history.start()
    made.timing.start()
    return made


def status(tmp_path):
    return json.loads((tmp_path / "status.json").read_text())


def test_a_row_goes_to_the_history_with_all_its_digits_and_to_the_status(tmp_path):
    made = recorder(tmp_path)
    made.record(3, 21, 0.1 + 0.2, Evaluation(1 / 3, 0.25), Evaluation(2.5, 0.75))
    made.record(4, 28, 0.1, Evaluation(1e-9, 0.25, 0.0, 0.5), Evaluation(2.5, 0.75))
    assert tmp_path.joinpath("history.csv").read_text().splitlines() == [
        "epoch,step,learning_rate,train_loss,train_error,train_error_clean,train_error_corrupted,test_loss,test_error",
        "3,21,0.30000000000000004,0.3333333333333333,0.25,,,2.5,0.75",
        "4,28,0.1,1e-09,0.25,0.0,0.5,2.5,0.75",
    ]
    assert made.write("running")["final"]["train_error_corrupted"] == 0.5


def test_the_timing_says_images_a_second(tmp_path):
    made = recorder(tmp_path)
    made.time(2, 14, 0.5, 1000, 4096)
    with (tmp_path / "timing.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row == {
        "epoch": "2",
        "step": "14",
        "seconds": "0.5",
        "images_per_second": "2000.0",
        "peak_memory_bytes": "4096",
    }


def test_a_finished_run_keeps_its_weights_and_no_checkpoint(tmp_path):
    made = recorder(tmp_path)
    made.save(7, WEIGHTS, {"0/momentum_buffer": torch.ones(2)})
    assert load_checkpoint(made.run).step == 7
    assert torch.equal(load_checkpoint(made.run).optimiser_state["0/momentum_buffer"], torch.ones(2))
    made.end(Ending("finished", "9 epochs", 9), WEIGHTS)
    assert torch.equal(load_tensors(made.run.final, "")[0]["0.weight"], WEIGHTS["0.weight"])
    assert not made.run.checkpoint.parent.exists()
    assert (status(tmp_path)["status"], status(tmp_path)["reason"]) == ("finished", "9 epochs")


def test_weights_that_are_not_to_be_kept_are_not_written(tmp_path):
    made = recorder(tmp_path, keep="none")
    made.end(Ending("finished", "9 epochs", 9), WEIGHTS)
    assert not made.run.final.exists()


def test_a_diverged_run_says_so_and_leaves_no_weights(tmp_path):
    made = recorder(tmp_path)
    made.end(Ending("diverged", "the loss is nan", 9), WEIGHTS)
    assert (status(tmp_path)["status"], status(tmp_path)["diverged"]) == ("failed", True)
    assert not made.run.final.exists()


def test_the_status_adds_up_the_seconds_of_all_attempts(tmp_path):
    made = recorder(tmp_path, seconds=1.5)
    made.spent(0.25)
    made.spent(0.5)
    made.write("preempted", "SIGTERM")
    assert status(tmp_path)["seconds"] == 2.25


def test_a_status_that_cannot_be_written_hides_no_first_error(tmp_path, monkeypatch):
    made = recorder(tmp_path)

    def full(*_, **__):
        raise GenlabError("no room")

    monkeypatch.setattr(module, "write_status", full)
    made.write_if_possible("failed", ValueError("first"))
    with pytest.raises(GenlabError, match="no room"):
        made.write("failed", "first")


def due_at(clock, time, steps, epoch_of=None):
    """The steps at which a checkpoint is due, each then written."""
    found = []
    for step in range(1, steps + 1):
        time.now = float(step)
        epochs = [step // epoch_of] if epoch_of and step % epoch_of == 0 else []
        if clock.due(epochs):
            found.append(step)
            clock.saved()
    return found


def test_a_checkpoint_is_due_after_so_many_seconds_from_the_last_one(time):
    assert due_at(CheckpointClock(None, 10), time, 35) == [10, 20, 30]


def test_a_checkpoint_is_due_at_the_end_of_every_so_many_epochs(time):
    assert due_at(CheckpointClock(2, None), time, 24, epoch_of=4) == [8, 16, 24]


def test_both_count_and_the_first_comes_first(time):
    assert due_at(CheckpointClock(1, 3), time, 12, epoch_of=5) == [3, 5, 8, 10]


def test_of_many_nets_the_first_at_such_an_epoch_counts(time):
    clock = CheckpointClock(3, None)
    assert not clock.due([1, 2, 4])
    assert clock.due([1, 6, 4])
