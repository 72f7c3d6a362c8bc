import io
import re
import time

import pytest
from rich.console import Console

from genlab.training import progress as module
from genlab.training import progress_line
from genlab.training.evaluate import Evaluation
from genlab.training.progress import LINE_INTERVAL, Reporting, Silent
from tests.training.examples import small_config, trained


class Loss:
    """A loss that counts how often it is looked at."""

    looked = 0

    def __call__(self):
        Loss.looked += 1
        return [0.5123]


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

    fake = Clock()
    monkeypatch.setattr(progress_line.time, "perf_counter", lambda: fake.now)
    return fake


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 80 columns in place of stderr, as text."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, _environ={})
    monkeypatch.setattr(module, "Console", lambda **options: console)
    return screen


def steps(reporting, clock, number, seconds=1.0):
    Loss.looked = 0
    for step in range(1, number + 1):
        clock.now += seconds
        reporting.step(step, 50, Loss())


def test_where_there_is_no_terminal_there_is_a_line_an_interval_on_stderr_and_nothing_on_stdout(clock, capsys):
    reporting = Reporting()
    reporting.start("mnist-mlp", 0, 20, 200, ends_early=True)
    steps(reporting, clock, 50)
    reporting.stop()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "mnist-mlp: epoch 0.8/10 loss 0.512 50 img/s",
        "mnist-mlp: epoch 1.5/10 loss 0.512 50 img/s",
        "mnist-mlp: epoch 2.2/10 loss 0.512 50 img/s",
    ]
    assert LINE_INTERVAL == 15
    assert Loss.looked == 3


def test_a_line_has_the_errors_of_the_last_evaluation_and_a_rate_without_its_seconds(clock, capsys):
    reporting = Reporting()
    reporting.start("a", 0, 20, 200, ends_early=False)
    steps(reporting, clock, 10)
    clock.now += 30
    reporting.evaluated(1, [Evaluation(0.1, 0.125)], [Evaluation(0.2, 0.5)])
    steps(reporting, clock, 1)
    assert capsys.readouterr().err.splitlines() == ["a: epoch 0.1/10 loss 0.512 error 12.5%/50.0% 50 img/s"]


def test_a_run_without_epochs_can_be_reported(clock, capsys):
    reporting = Reporting()
    reporting.start("a", 0, 3, 0, ends_early=False)
    reporting.stop()
    reporting.stop()
    assert capsys.readouterr() == ("", "")


def without_codes(text):
    """What a terminal shows of a text."""
    return re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", text)


def test_on_a_terminal_there_is_a_bar_with_epoch_loss_errors_rate_and_time_left(clock, terminal):
    reporting = Reporting()
    reporting.start("a", 0, 20, 200, ends_early=False)
    reporting.evaluated(1, [Evaluation(0.1, 0.125)], [Evaluation(0.2, 0.5)])
    steps(reporting, clock, 100, seconds=0.25)
    assert Loss.looked == 50
    reporting.stop()
    shown = [line.strip() for line in re.split(r"[\r\n]+", without_codes(terminal.getvalue())) if line.strip()]
    bar = r"epoch 5.0/10 loss 0.512 error 12.5%/50.0% 200 img/s [━╸╺]+ +50% +\d:\d\d:\d\d"
    assert re.fullmatch(bar, shown[-1])


def test_where_a_threshold_may_end_the_run_the_time_left_is_at_most_that_and_all_fits_in_80_columns(clock, terminal):
    reporting = Reporting()
    reporting.start("a", 0, 20, 10_000, ends_early=True)
    reporting.evaluated(1, [Evaluation(0.1, 0.125)], [Evaluation(0.2, 0.5)])
    steps(reporting, clock, 100, seconds=0.25)
    reporting.stop()
    shown = [line.strip() for line in re.split(r"[\r\n]+", without_codes(terminal.getvalue())) if line.strip()]
    assert re.fullmatch(r"epoch 5.0/500 loss 0.512 error 12.5%/50.0% .*at most \d:\d\d:\d\d", shown[-1])
    assert max(map(len, shown)) <= 80


def test_what_takes_long_and_is_no_training_is_told(monkeypatch, capsys):
    monkeypatch.setattr(module, "LINE_INTERVAL", 0.01)
    with Reporting().doing("a: loading mnist"):
        time.sleep(0.2)
    assert capsys.readouterr().err.splitlines()[0] == "a: loading mnist, 0 s"


def test_a_resumed_run_starts_the_bar_where_it_goes_on(clock, terminal):
    reporting = Reporting()
    reporting.start("a", 150, 20, 200, ends_early=False)
    reporting.stop()
    assert "75%" in without_codes(terminal.getvalue())


def test_what_is_said_is_shown_to_the_letter_on_stderr(capsys):
    Reporting().say("runs/[bold]x[/bold]: 4 of 5 and a line that is longer than eighty columns of a terminal, by far")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "runs/[bold]x[/bold]: 4 of 5 and a line that is longer than eighty columns of a terminal, by far\n"


def test_silence_is_silent(capsys):
    silent = Silent()
    silent.start("a", 0, 3, 6, ends_early=False)
    silent.step(1, 3, lambda: [1.0])
    silent.evaluated(1, [Evaluation(0.1, 0.1)], [Evaluation(0.1, 0.1)])
    with silent.doing("measuring") as naming:
        naming("norms")
    silent.say("something")
    silent.stop()
    assert capsys.readouterr() == ("", "")


def test_a_run_writes_nothing_on_stdout(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(module, "LINE_INTERVAL", 0.0)
    trained(small_config(), tmp_path, Reporting())
    out, err = capsys.readouterr()
    assert out == ""
    assert sum("epoch" in line for line in err.splitlines()) == 16
