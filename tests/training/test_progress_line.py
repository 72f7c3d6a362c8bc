"""The words of a training loop."""

import math

import pytest

from genlab.training import progress_line as module
from genlab.training.evaluate import Evaluation
from genlab.training.progress_line import Shown, TrainingLine


@pytest.fixture
def line(monkeypatch):
    """A line whose clock is moved by hand: a second a step."""
    now = [100.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    made = TrainingLine()
    made.start(steps_per_epoch=4, total=40)

    def steps(first, last, losses=(0.5,), interval=15.0):
        found = []
        for step in range(first, last + 1):
            now[0] += 1
            found.append(made.step(step, 10, lambda: list(losses), interval))
        return [shown for shown in found if shown is not None]

    made.steps = steps
    return made


def test_there_is_one_each_interval_with_epochs_loss_and_rate(line):
    assert list(map(str, line.steps(1, 31))) == [
        "epoch 3.8/10 loss 0.5 10 img/s",
        "epoch 7.5/10 loss 0.5 10 img/s",
    ]


def test_of_many_nets_it_has_the_smallest_and_the_largest(line):
    sides = [Evaluation(1, 0.25), Evaluation(1, 0.0)], [Evaluation(1, 0.5), Evaluation(1, 0.5)]
    line.evaluated(*sides)
    (shown,) = line.steps(1, 15, losses=(2e-7, math.nan, 1.5))
    assert (shown.loss, shown.errors) == ("loss 2e-07..1.5", "error 0.0..25.0%/50.0%")


def test_a_loss_that_is_no_number_is_told(line):
    assert line.steps(1, 15, losses=(math.nan,))[0].loss == "loss nan"


def test_nets_that_have_ended_are_counted(line):
    assert line.steps(1, 15, losses=(1, 2, 3))[0].epochs == "epoch 3.8/10"
    assert line.steps(16, 30, losses=(1, 3))[0].epochs == "epoch 7.5/10 (2 of 3 left)"


def test_the_next_loop_knows_nothing_of_the_last(line):
    line.evaluated([Evaluation(1, 0.25)], [Evaluation(1, 0.25)])
    line.steps(1, 15, losses=(1, 2, 3))
    line.start(steps_per_epoch=4, total=40)
    assert str(line.steps(1, 15)[0]) == "epoch 3.8/10 loss 0.5 10 img/s"


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (60, "epoch 1.0/2 loss 0.1 error 1.0%/2.0% 100 img/s"),
        (40, "epoch 1.0/2 loss 0.1 error 1.0%/2.0%"),
        (30, "epoch 1.0/2 loss 0.1"),
        (5, "epoch 1.0/2 loss 0.1"),
    ],
)
def test_where_there_is_little_room_the_rate_goes_first_and_then_the_errors(room, text):
    assert Shown("epoch 1.0/2", "loss 0.1", "error 1.0%/2.0%", "100 img/s").within(room) == text
