import csv

import pytest
import torch

from genlab.rundir.layout import RunDirectory
from genlab.training import recorder as module
from genlab.training.evaluate import Evaluation
from genlab.training.interruption import StopRequest
from genlab.training.recorder import Recorder

FINE, INFINITE = torch.tensor(True), torch.tensor(False)


class Request(StopRequest):
    def __init__(self, reason=""):
        super().__init__()
        self.signal_name = reason


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 0.0

    fake = Clock()
    monkeypatch.setattr(module.time, "monotonic", lambda: fake.now)
    return fake


def recorder(tmp_path, every_epochs=None, every_seconds=None):
    saved, recorded = [], []
    made = Recorder(
        RunDirectory(tmp_path), saved.append, recorded.append, every_epochs=every_epochs, every_seconds=every_seconds
    )
    made.history.start()
    made.timing.start()
    return made, saved, recorded


def test_a_row_goes_to_the_history_with_all_its_digits_and_to_the_status(tmp_path):
    made, _, recorded = recorder(tmp_path)
    made.record(3, 21, 0.1 + 0.2, Evaluation(1 / 3, 0.25), Evaluation(2.5, 0.75))
    made.record(4, 28, 0.1, Evaluation(1e-9, 0.25, 0.0, 0.5), Evaluation(2.5, 0.75))
    assert tmp_path.joinpath("history.csv").read_text().splitlines() == [
        "epoch,step,learning_rate,train_loss,train_error,train_error_clean,train_error_corrupted,test_loss,test_error",
        "3,21,0.30000000000000004,0.3333333333333333,0.25,,,2.5,0.75",
        "4,28,0.1,1e-09,0.25,0.0,0.5,2.5,0.75",
    ]
    assert [row["train_error_corrupted"] for row in recorded] == [None, 0.5]


def test_the_timing_says_images_a_second(tmp_path):
    made, _, _ = recorder(tmp_path)
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


def test_a_checkpoint_is_due_after_so_many_seconds_from_the_last_one(tmp_path, clock):
    made, saved, _ = recorder(tmp_path, every_seconds=10)
    for step in range(1, 36):
        clock.now = float(step)
        assert not made.interrupted_or_due(step, Request(), FINE)
    assert saved == [10, 20, 30]


def test_a_checkpoint_is_due_at_the_end_of_every_so_many_epochs(tmp_path, clock):
    made, saved, _ = recorder(tmp_path, every_epochs=2)
    for step in range(1, 25):
        assert not made.interrupted_or_due(step, Request(), FINE, epoch=step // 4 if step % 4 == 0 else None)
    assert saved == [8, 16, 24]


def test_both_count_and_the_first_comes_first(tmp_path, clock):
    made, saved, _ = recorder(tmp_path, every_epochs=1, every_seconds=3)
    for step in range(1, 13):
        clock.now = float(step)
        made.interrupted_or_due(step, Request(), FINE, epoch=step // 5 if step % 5 == 0 else None)
    assert saved == [3, 5, 8, 10]


def test_a_stop_is_saved_whatever_is_due(tmp_path, clock):
    made, saved, _ = recorder(tmp_path)
    assert made.interrupted_or_due(7, Request("SIGTERM"), FINE)
    assert saved == [7]


def test_nothing_is_saved_after_a_loss_that_was_not_finite(tmp_path, clock):
    made, saved, _ = recorder(tmp_path, every_seconds=10, every_epochs=1)
    assert made.interrupted_or_due(7, Request("SIGTERM"), INFINITE)
    clock.now = 11.0
    assert not made.interrupted_or_due(8, Request(), INFINITE)
    assert not made.interrupted_or_due(9, Request(), INFINITE, epoch=1)
    assert saved == []
