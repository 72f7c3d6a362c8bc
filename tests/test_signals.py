"""Signals that end a command, from its first line on."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from genlab.signals import PREEMPTING, Signalled, preemptible, raise_if_asked_to_stop
from tests.cli.command import ENTRY, genlab


@pytest.mark.parametrize("name", PREEMPTING)
def test_each_raises_once_and_the_handlers_of_before_come_back(name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with preemptible() as received:
        with pytest.raises(Signalled, match=name):
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert received.name == name
    assert signal.getsignal(number) is before


def test_a_thread_has_no_handlers_and_does_not_fail():
    found = []

    def work():
        with preemptible() as received:
            found.append(received.name)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [""]


# Says when it is at a place of its start, and waits there to be stopped.
SLOW_IMPORT = """
import sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            print("there", flush=True)
            time.sleep(30)
sys.meta_path.insert(0, Slow())
"""


@pytest.mark.parametrize("module", ["genlab.cli.app", "typer", "genlab.training.train_run"])
@pytest.mark.parametrize(
    ("name", "code", "said"), [("SIGTERM", 75, "stopped (SIGTERM)"), ("SIGINT", 130, "interrupted")]
)
def test_a_command_that_is_stopped_while_it_imports_says_so_in_one_line(module, name, code, said, tmp_path):
    program = SLOW_IMPORT.format(module=module) + ENTRY.replace("; ", "\n")
    command = [sys.executable, "-c", program, "train", "digits-mlp", "--runs", str(tmp_path)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "there\n"
    started.send_signal(getattr(signal, name))
    _, errors = started.communicate(timeout=60)
    assert started.returncode == code, errors
    (line,) = [line for line in errors.splitlines() if line]
    assert line.startswith(f"genlab: {said}")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1", "SIGUSR2"])
def test_a_run_that_is_stopped_before_its_first_step_is_resumable(name, tmp_path):
    program = (
        "import time\n"
        "from genlab.training import run_start\n"
        "def slow(*arguments, **options):\n"
        "    print('there', flush=True)\n"
        "    time.sleep(30)\n"
        "run_start.save_tensors = slow\n"
    )
    command = [sys.executable, "-c", program + ENTRY, "train", "digits-mlp", "--runs", str(tmp_path), "-q"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "there\n"
    time.sleep(0.1)
    started.send_signal(getattr(signal, name))
    _, errors = started.communicate(timeout=60)
    assert started.returncode == 75, errors
    assert errors.splitlines()[-1] == f"genlab: stopped ({name}); the same command goes on"


def test_an_error_that_a_signal_has_caused_is_told_as_the_signal(monkeypatch):
    def stopped_in_an_import(**options):
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(5)
        except Signalled:
            raise ImportError("cannot load module more than once per process") from None

    monkeypatch.setattr("genlab.cli.app.app", stopped_in_an_import)
    found = genlab("runs", "ls")
    assert (found.code, found.err) == (75, "genlab: stopped (SIGUSR1); the same command goes on\n")


def test_a_signal_while_the_process_is_taken_down_changes_no_exit_code():
    program = (
        "import atexit, os, signal, sys\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGUSR1))\n"
        "sys.argv = ['genlab', '--version']\n" + ENTRY.replace("; ", "\n")
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done


def test_what_was_raised_and_lost_is_raised_again_where_work_goes_on_after_failures():
    with preemptible() as received:
        raise_if_asked_to_stop()
        with pytest.raises(ImportError):  # as an import that it came in the middle of makes of it
            lost(signal.SIGINT)
        assert received.interrupted
        with pytest.raises(KeyboardInterrupt):
            raise_if_asked_to_stop()
    raise_if_asked_to_stop()  # nobody is asked to stop any more


def test_a_signal_within_an_inner_block_is_known_around_it():
    with preemptible() as outer, pytest.raises(ImportError), preemptible():
        lost(signal.SIGTERM)
    assert outer.name == "SIGTERM"


def test_blocks_that_have_ended_leave_those_around_them_as_they_were():
    with preemptible() as outer:
        with preemptible():
            pass
        with preemptible():
            pass
        with pytest.raises(Signalled):
            os.kill(os.getpid(), signal.SIGTERM)
        assert outer.name == "SIGTERM"
        with pytest.raises(Signalled):
            raise_if_asked_to_stop()


def lost(number):
    try:
        os.kill(os.getpid(), number)
    except KeyboardInterrupt as error:
        raise ImportError("initialization failed") from error


@pytest.mark.parametrize(
    ("name", "code", "said"), [("SIGTERM", 75, "stopped by SIGTERM"), ("SIGINT", 130, "interrupted")]
)
def test_a_sweep_that_is_stopped_in_an_import_does_not_take_it_for_a_failed_cell(name, code, said, tmp_path):
    program = (
        "import time\n"
        "from genlab.sweeps import execute, together\n"
        "def importing(*arguments, **options):\n"
        "    print('there', flush=True)\n"
        "    try:\n"
        "        time.sleep(30)\n"
        "    except KeyboardInterrupt:\n"
        "        raise ImportError('initialization failed') from None\n"
        "execute.train_run = importing\n"
        "together.Together.train = importing\n"
    )
    sweep = ["sweep", "neyshabur2017-figure4", "--scale", "smoke", "--runs", str(tmp_path), "-q"]
    command = [sys.executable, "-c", program + ENTRY, *sweep]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "there\n"
    started.send_signal(getattr(signal, name))
    _, errors = started.communicate(timeout=120)
    assert started.returncode == code, errors
    assert [line for line in errors.splitlines() if line][-1].startswith(f"genlab: {said}")
