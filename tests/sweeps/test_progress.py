"""One view of a whole sweep."""

import io
import re
import sys
import time

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
    monkeypatch.setattr(module, "BAR_INTERVAL", 0.0)
    return stream


def lines(stream):
    """What was on the screen at one time or another."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    return [line.rstrip() for line in re.split(r"[\r\n]", text) if line.strip()]


def planned(cell, state, reason=""):
    return PlannedCell(cell, RunDirectory("runs/x"), state, reason)


def trained(view, cell):
    view.begin([planned(cell, "missing")])
    view.start("x", 0, 4, 12, ends_early=False)
    view.evaluated(1, [Evaluation(0.5, 0.25)], [Evaluation(0.7, 0.5)])
    view.step(8, 16, lambda: [0.123])
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
    assert re.match(r"1/4 \S+ \d:\d\d:\d\d widths=4 seed=0: epoch 2\.0/3 loss 0\.123 error 25\.0%/50\.0%$", shown)
    assert len(shown) <= 80


def test_a_long_label_is_cut_and_the_numbers_around_it_are_not(tmp_path, terminal):
    axes = "training.optimiser.learning_rate: [0.1]\n  data.train_size: [1000]\n  data.labels.corruption: [0.5]"
    (cell, _) = loaded(tmp_path, {"model.widths: [[4], [8]]": axes}).cells
    stream = terminal()
    with SweepProgress(1234, 12, quiet=False) as view:
        trained(view, cell)
    (shown, *_) = [line for line in lines(stream) if "epoch" in line]
    assert re.match(r" *12/1234 \S+ \d:\d\d:\d\d learning_rate=0\.1 train.*…: epoch 2\.0/3 loss 0\.123$", shown)
    assert len(shown) <= 80


def test_cells_that_train_together_are_counted_with_what_they_go_through(cells, terminal):
    stream = terminal()
    with SweepProgress(8, 2, quiet=False) as view:
        view.begin([planned(cell, "missing") for cell in cells])
        view.start("4 nets together", 0, 4, 12, ends_early=False)
        view.evaluated(1, [Evaluation(0.5, 0.25)] * 4, [Evaluation(0.7, 0.5)] * 4)
        view.step(8, 16, lambda: [0.123] * 4)
        view._bar.refresh()
    (shown, *_) = [line for line in lines(stream) if "epoch" in line]
    assert "4 together: widths=4..8 seed=0..1: epoch 2.0/3 loss 0.123" in shown
    assert len(shown) <= 80


def test_a_failed_cell_is_told_above_the_bar_and_counted_in_it(cells, terminal):
    stream = terminal()
    with SweepProgress(4, 0, quiet=False) as view:
        view.finished(planned(cells[0], FAILED, "the training loss became infinite"))
        view.begin([planned(cells[1], "missing")])
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


def test_off_a_terminal_a_cell_that_trains_for_long_has_the_line_of_train_with_its_label(cells, capsys, monkeypatch):
    monkeypatch.setattr(module, "LINE_INTERVAL", 0.0)
    with SweepProgress(4, 0, quiet=False) as view:
        trained(view, cells[0])
    (line,) = capsys.readouterr().err.splitlines()
    said = r"widths=4 seed=0: epoch 2\.0/3 loss 0\.123 error 25\.0%/50\.0% [\d,]+ img/s"
    assert re.fullmatch(said, line)


def test_cells_that_train_together_have_one_line_with_their_ranges_and_say_who_is_left(cells, capsys, monkeypatch):
    monkeypatch.setattr(module, "LINE_INTERVAL", 0.0)
    with SweepProgress(4, 0, quiet=False) as view:
        view.begin([planned(cell, "missing") for cell in cells])
        view.start("4 nets together", 0, 4, 12, ends_early=False)
        view.evaluated(1, [Evaluation(1, 0.25), Evaluation(1, 0)], [Evaluation(1, 0.5), Evaluation(1, 0.5)])
        view.step(8, 16, lambda: [0.3, 0.1, 0.2, 0.1])
        view.step(9, 16, lambda: [0.3, 0.1])
    first, second = (line.rpartition(" img/s")[0].rpartition(" ")[0] for line in capsys.readouterr().err.splitlines())
    assert first == "4 together: widths=4..8 seed=0..1: epoch 2.0/3 loss 0.1..0.3 error 0.0..25.0%/50.0%"
    assert second.startswith("4 together: widths=4..8 seed=0..1: epoch 2.2/3 (2 of 4 left) loss 0.1..0.3")


def test_a_pass_that_takes_long_says_which_cell_it_is_at_and_with_what(cells, capsys, monkeypatch):
    monkeypatch.setattr(module, "LINE_INTERVAL", 0.02)
    with SweepProgress(4, 0, quiet=False) as view:
        view.begin([planned(cells[0], "missing")])
        with view.doing("measuring") as naming:
            naming("margin_median (1 of 2)")
            time.sleep(0.3)
        with view.doing("compressing"):
            pass
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "widths=4 seed=0: measuring margin_median (1 of 2), 0 s"
    assert not any("compressing" in line for line in lines), "it is quick"


def test_on_a_terminal_a_pass_is_named_in_the_bar(cells, terminal):
    stream = terminal()
    with SweepProgress(4, 0, quiet=False) as view:
        view.begin([planned(cells[0], "missing")])
        with view.doing("measuring") as naming:
            naming("margin_median")
            view._bar.refresh()
    assert any("widths=4 seed=0: measuring margin_median" in line for line in lines(stream))


def test_what_another_process_says_is_passed_on_and_the_same_only_once(cells, capsys):
    with SweepProgress(4, 0, quiet=False) as view:
        for line in ("one net at a time: it is compiled", "widths=4 seed=0: epoch 2.0/3 loss 1") * 2:
            view.heard(line)
    assert capsys.readouterr().err.splitlines() == [
        "one net at a time: it is compiled",
        "widths=4 seed=0: epoch 2.0/3 loss 1",
    ]


def test_on_a_terminal_what_another_process_says_of_a_cell_stands_in_the_bar(cells, terminal):
    stream = terminal()
    with SweepProgress(4, 0, quiet=False) as view:
        view.heard("widths=4 seed=0: epoch 2.0/3 loss 1")
        view.at_work([planned(cells[0], RUNNING), planned(cells[1], RUNNING)])
        view._bar.refresh()
    assert any("2 at work: widths=4 seed=0: epoch 2.0/3 loss 1; widths=4 s" in line for line in lines(stream))


def test_one_of_several_processes_leaves_it_to_others_to_tell_who_is_done(cells, capsys):
    with SweepProgress(4, 0, quiet=False, one_of_several=True) as view:
        view.finished(planned(cells[0], DONE, "3 epochs"))
        view.finished(planned(cells[1], FAILED, "no room"))
        view.say("one net at a time")
    assert capsys.readouterr().err == "one net at a time\n"


def test_the_losses_are_not_looked_at_where_nobody_sees_them(cells, capsys):
    def losses():
        raise AssertionError("waits for the device")

    for quiet in (False, True):
        with SweepProgress(4, 0, quiet=quiet) as view:
            view.begin([planned(cells[0], "missing")])
            view.step(1, 16, losses)
