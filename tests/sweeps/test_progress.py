"""One view of a whole sweep."""

import io
import re
import sys

import pytest

from genlab.rundir.layout import RunDirectory
from genlab.sweeps import progress as module
from genlab.sweeps.plan import DONE, FAILED, RUNNING, PlannedCell
from genlab.sweeps.progress import SweepProgress
from genlab.training.evaluate import Evaluation
from tests.sweeps.examples import loaded


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def cells(tmp_path):
    return loaded(tmp_path).cells


@pytest.fixture
def terminal(monkeypatch):
    """Makes stderr a terminal of 80 columns, on which every step is shown."""
    return lambda: made_terminal(monkeypatch)


def made_terminal(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    for name, value in {"COLUMNS": "80", "LINES": "24", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    return stream


def lines(stream):
    """What was on the screen at one time or another."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    return [line.rstrip() for line in re.split(r"[\r\n]", text) if line.strip()]


def planned(cell, state, reason=""):
    return PlannedCell(cell, RunDirectory("runs/x"), state, reason)


def trained(view, cell):
    view.begin(planned(cell, "missing"))
    view.start("x", 0, 4, 12)
    view.evaluated(1, Evaluation(0.5, 0.25, None, None), Evaluation(0.7, 0.5, None, None))
    view.step(8, 16, lambda: 0.123)
    view._bar.refresh() if view._bar else None
    view.stop()


def test_off_a_terminal_a_line_a_cell_says_how_many_are_done(cells, capsys):
    with SweepProgress(4, 1, quiet=False) as view:
        trained(view, cells[0])
        view.finished(planned(cells[0], DONE, "3 epochs"))
        view.finished(planned(cells[1], FAILED, "no room"))
        view.finished(planned(cells[2], DONE, "3 epochs"))
    assert capsys.readouterr().err.splitlines() == [
        "[2/4] widths=4 seed=0: 3 epochs",
        "failed: widths=4 seed=1: no room",
        "[3/4] widths=8 seed=0: 3 epochs",
    ]


def test_quiet_says_nothing(cells, capsys):
    with SweepProgress(4, 0, quiet=True) as view:
        trained(view, cells[0])
        view.finished(planned(cells[0], DONE))
        view.finished(planned(cells[1], FAILED, "no room"))
        view.at_work([planned(cells[2], RUNNING)])
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_bar_names_the_cell_at_hand_with_its_epoch_loss_and_errors(cells, terminal):
    stream = terminal()
    with SweepProgress(4, 1, quiet=False) as view:
        trained(view, cells[0])
    (shown, *_) = [line for line in lines(stream) if "epoch" in line]
    assert re.match(r"1/4 \S+ \d:\d\d:\d\d widths=4 seed=0: epoch 2 loss 0\.12 error 25\.0%/50\.0%$", shown)
    assert len(shown) <= 80


def test_a_long_label_is_cut_and_the_numbers_around_it_are_not(tmp_path, terminal):
    axes = "training.optimiser.learning_rate: [0.1]\n  data.train_size: [1000]\n  data.labels.corruption: [0.5]"
    (cell, _) = loaded(tmp_path, {"model.widths: [[4], [8]]": axes}).cells
    stream = terminal()
    with SweepProgress(1234, 12, quiet=False) as view:
        trained(view, cell)
    (shown, *_) = [line for line in lines(stream) if "epoch" in line]
    assert re.match(r" *12/1234 \S+ \d:\d\d:\d\d learning_rate=0\.1 train.*…: epoch 2 loss 0\.12$", shown)
    assert len(shown) <= 80


def test_cells_that_train_together_are_counted_and_the_first_is_named(cells, terminal):
    stream = terminal()
    with SweepProgress(400, 12, quiet=False) as view:
        view.begin(planned(cells[0], "missing"), 127)
        view.start("128 nets together", 0, 4, 12)
        view.evaluated(1, Evaluation(0.5, 0.25, None, None), Evaluation(0.7, 0.5, None, None))
        view.step(8, 16, lambda: 0.123)
        view._bar.refresh()
    (shown, *_) = [line for line in lines(stream) if "epoch" in line]
    assert "128 together, the first widths=4" in shown
    assert "epoch 2 loss 0.12" in shown
    assert len(shown) <= 80


def test_a_failed_cell_is_told_above_the_bar_and_counted_in_it(cells, terminal):
    stream = terminal()
    with SweepProgress(4, 0, quiet=False) as view:
        view.finished(planned(cells[0], FAILED, "the training loss became infinite"))
        view.begin(planned(cells[1], "missing"))
        view._bar.refresh()
    assert "failed: widths=4 seed=0: the training loss became infinite" in lines(stream)
    assert any("1 failed; widths=4 seed=1" in line for line in lines(stream))


def test_cells_of_other_processes_are_told_with_their_labels_and_cut_at_the_edge(cells, terminal):
    stream = terminal()
    with SweepProgress(4, 0, quiet=False) as view:
        view.at_work([planned(cell, RUNNING) for cell in cells])
        view._bar.refresh()
    shown = [line for line in lines(stream) if "at work" in line]
    assert "4 at work: widths=4 seed=0; " in shown[0]
    assert all(len(line) <= 80 for line in lines(stream))


def test_the_loss_is_not_looked_at_where_nobody_sees_it(cells, capsys):
    def loss():
        raise AssertionError("waits for the device")

    with SweepProgress(4, 0, quiet=False) as view:
        view.begin(planned(cells[0], "missing"))
        view.step(1, 16, loss)
