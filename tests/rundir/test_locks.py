"""One process at a time on a run."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from genlab.errors import GenlabError, LockedError
from genlab.rundir.locks import is_held, locked
from tests.rundir.examples import read_only

HOLD = """
import sys
from pathlib import Path
from genlab.rundir.locks import locked
with locked(Path(sys.argv[1]), "abc"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(runs):
    """A process that holds the lock of run abc until its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(runs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_process_is_refused_and_told_who_holds_the_run(tmp_path):
    with another_process(tmp_path) as process:
        assert is_held(tmp_path, "abc")
        with pytest.raises(LockedError) as error, locked(tmp_path, "abc"):
            pass
        holder = f"process {process.pid} on {socket.gethostname()}"
        assert str(error.value) == f"run abc: {holder} is at work on it; wait for it or stop it"
        assert error.value.exit_code == 4
        with locked(tmp_path, "other"):
            pass
        process.communicate()
        assert process.returncode == 0
        assert not is_held(tmp_path, "abc")
        with locked(tmp_path, "abc"):
            pass


def test_a_killed_process_holds_nothing(tmp_path):
    with another_process(tmp_path) as process:
        process.kill()
        process.wait()
        assert not is_held(tmp_path, "abc")
        with locked(tmp_path, "abc"):
            assert is_held(tmp_path, "abc")


def test_a_killed_process_that_nobody_waited_for_holds_nothing(tmp_path):
    with another_process(tmp_path) as process:
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_held(tmp_path, "abc")


def test_refusing_does_not_take_the_lock_from_its_holder(tmp_path):
    with another_process(tmp_path):
        for _ in range(2):
            with pytest.raises(LockedError), locked(tmp_path, "abc"):
                pass
        assert is_held(tmp_path, "abc")


def test_a_lock_is_released_when_its_block_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "abc"):
        raise ZeroDivisionError
    assert not is_held(tmp_path, "abc")
    with locked(tmp_path, "abc"):
        pass


def test_a_run_that_nobody_ever_locked_is_not_held(tmp_path):
    assert not is_held(tmp_path, "abc")
    assert not is_held(tmp_path / "missing", "abc")


def holder_file(runs, **holder):
    (runs / ".locks").mkdir(exist_ok=True)
    (runs / ".locks" / "abc.json").write_text(json.dumps(holder))


def test_a_holder_on_another_host_counts_as_alive(tmp_path):
    holder_file(tmp_path, pid=1, started=1, host="elsewhere.example")
    assert is_held(tmp_path, "abc")


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="the system does not tell when a process started")
def test_a_process_that_has_the_number_of_a_dead_holder_is_not_it(tmp_path):
    holder_file(tmp_path, pid=os.getpid(), started=1, host=socket.gethostname())
    assert not is_held(tmp_path, "abc")


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"pid": "x", "host": "y"}'])
def test_a_damaged_holder_file_says_nothing(tmp_path, content):
    holder_file(tmp_path)
    (tmp_path / ".locks" / "abc.json").write_text(content)
    assert not is_held(tmp_path, "abc")


def test_a_folder_where_no_lock_can_be_made_says_so(open_path):
    with read_only(open_path), pytest.raises(GenlabError, match=r"\.locks: cannot be written: Permission denied"):  # noqa: SIM117
        with locked(open_path, "abc"):
            pass
    (open_path / "file").touch()
    with pytest.raises(GenlabError, match="cannot be written"), locked(open_path / "file", "abc"):
        pass
