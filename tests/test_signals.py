"""Signals that end a command, from its first line on."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from genlab.signals import PREEMPTING, Signalled, preemptible
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
