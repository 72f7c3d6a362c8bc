"""Several processes of one command."""

import os
import signal
import sys
import threading
import time

import pytest

from genlab.errors import GenlabError, InterruptedByUserError, PreemptedError
from genlab.sweeps.processes import workers
from genlab.sweeps.processes.workers import cores_of, run_workers


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(workers, "POLL_SECONDS", 0.05)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def script(code):
    return [sys.executable, "-c", "import os, signal, sys, time\nfrom pathlib import Path\n" + code]


def nothing():
    """What is looked at while they run, or nothing."""


def never(end):
    return False


def idle(number, by):
    """A process that was at no work when it was killed."""
    return False


def test_each_gets_its_number_and_what_it_prints_is_kept():
    ended = run_workers(script("print(sys.argv[1:]); print('x', file=sys.stderr)"), 2, nothing, never, idle)
    told = [f"['--worker', '{number}', '--sharing', '2']\n" for number in range(2)]
    assert sorted(end.output for end in ended) == told
    assert {(end.code, end.errors) for end in ended} == {(0, "x\n")}


def test_exit_codes_are_kept():
    ended = run_workers(script("sys.exit(3 * int(sys.argv[2]))"), 2, nothing, never, idle)
    assert sorted(end.code for end in ended) == [0, 3]


def test_each_is_pinned_to_its_share_of_the_cores_and_has_as_many_threads(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    code = "print(sorted(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'])"
    mine = sorted(os.sched_getaffinity(0))
    ended = run_workers(script(code), 2, nothing, never, idle)
    shares = [cores_of(number, 2, mine) for number in range(2)]
    assert sorted(end.output for end in ended) == sorted(f"{share} {max(1, len(mine) // 2)}\n" for share in shares)


def test_a_limit_of_threads_that_the_user_set_holds(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert run_workers(script("print(os.environ['OMP_NUM_THREADS'])"), 1, nothing, never, idle)[0].output == "1\n"


def test_each_knows_what_was_typed(monkeypatch):
    monkeypatch.delenv("GENLAB_COMMAND", raising=False)
    monkeypatch.setattr(sys, "argv", ["genlab", "sweep", "my noise.yaml", "--jobs", "2"])
    ended = run_workers(script("print(os.environ['GENLAB_COMMAND'])"), 1, nothing, never, idle)
    assert ended[0].output == "genlab sweep 'my noise.yaml' --jobs 2\n"


@pytest.mark.parametrize(
    ("jobs", "cores", "shares"),
    [
        (2, [0, 1, 2, 3], [[0, 2], [1, 3]]),
        (2, [4, 5, 6], [[4, 6], [5]]),
        (3, [0, 1], [[0], [1], [0]]),
        (1, [0, 7], [[0, 7]]),
    ],
)
def test_all_cores_are_shared_out(jobs, cores, shares):
    assert [cores_of(number, jobs, cores) for number in range(jobs)] == shares


def test_gpus_are_given_in_turn_and_each_process_is_told_how_many_share_its_own():
    code = script("print(sys.argv[2], os.environ['CUDA_VISIBLE_DEVICES'], sys.argv[4])")
    ended = run_workers(code, 3, nothing, never, idle, gpus=lambda: ["2", "5"])
    assert sorted(end.output for end in ended) == ["0 2 2\n", "1 5 1\n", "2 2 2\n"]


def test_lines_on_stderr_are_passed_on_whole_and_while_it_runs_but_for_the_one_of_its_end(tmp_path):
    """The process waits until its first line has been heard."""
    heard, there = [], tmp_path / "heard"

    def listen(line):
        heard.append(line)
        there.touch()

    code = "print('epoch 1', end='', file=sys.stderr, flush=True); time.sleep(0.2); print(' of 3', file=sys.stderr)\n"
    code += "sys.stderr.flush()\nwhile not Path(sys.argv[1]).exists(): time.sleep(0.01)\n"
    code += "print('at the end', file=sys.stderr); print('genlab: it failed', file=sys.stderr)"
    (ended,) = run_workers([*script(code), str(there)], 1, nothing, never, idle, heard=listen)
    assert heard == ["epoch 1 of 3", "at the end"]
    assert ended.errors == "epoch 1 of 3\nat the end\ngenlab: it failed\n", "and nothing is lost of it"


def test_one_that_is_killed_is_started_anew(tmp_path):
    code = f"""
mark = Path({str(tmp_path)!r}) / sys.argv[2]
if not mark.exists():
    mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
print("whole")
"""
    assert [end.output for end in run_workers(script(code), 2, nothing, never, idle)] == ["whole\n"] * 2


def test_one_that_is_killed_again_and_again_is_given_up():
    with pytest.raises(GenlabError, match=r"killed again and again \(by SIGKILL\)"):
        run_workers(script("os.kill(os.getpid(), signal.SIGKILL)"), 1, nothing, never, idle)


def test_one_that_is_killed_at_its_work_is_no_reason_to_end(tmp_path):
    code = f"""
mark = Path({str(tmp_path)!r}) / "lives"
lives = len(mark.read_text()) if mark.exists() else 0
mark.write_text("x" * (lives + 1))
os.kill(os.getpid(), [signal.SIGKILL, signal.SIGSEGV, 40][lives % 3]) if lives < 9 else print("whole")
"""
    told = []
    ended = run_workers(script(code), 1, nothing, never, lambda number, by: told.append((number, by)) or True)
    assert told == [(0, "SIGKILL"), (0, "SIGSEGV"), (0, "signal 40")] * 3
    assert [end.output for end in ended] == ["whole\n"]


def test_one_that_is_killed_is_not_started_anew_when_nothing_more_is_wanted():
    code = script("os.kill(os.getpid(), signal.SIGKILL)")
    codes = []
    assert run_workers(code, 1, nothing, lambda end: codes.append(end.code) or True, lambda number, by: True) == []
    assert codes == [-signal.SIGKILL]


WAITS = """
def stop(number, frame):
    Path(sys.argv[1], sys.argv[3]).write_text(signal.Signals(number).name)
    sys.exit(75)
for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2"):
    signal.signal(getattr(signal, name), stop)
Path(sys.argv[1], "ready" + sys.argv[3]).touch()
time.sleep(30)
"""


@pytest.mark.parametrize(
    ("name", "kind"),
    [("SIGINT", InterruptedByUserError), ("SIGTERM", PreemptedError), ("SIGUSR1", PreemptedError)],
)
def test_a_signal_goes_to_all_and_the_handlers_of_before_are_put_back(tmp_path, name, kind):
    number = getattr(signal, name)
    before = signal.getsignal(number)

    def watch():
        if all((tmp_path / f"ready{i}").exists() for i in range(2)):
            os.kill(os.getpid(), number)

    with pytest.raises(kind, match="the same command goes on"):
        run_workers([*script(WAITS), str(tmp_path)], 2, watch, never, idle)
    assert [(tmp_path / str(i)).read_text() for i in range(2)] == [name] * 2
    assert signal.getsignal(number) is before


def test_the_others_are_stopped_when_one_ended_so_that_nothing_more_is_wanted(tmp_path):
    other = (
        "if sys.argv[3] == '0':\n    while not Path(sys.argv[1], 'ready1').exists(): time.sleep(0.01)\n    sys.exit(3)"
    )
    ended = run_workers([*script(other + WAITS), str(tmp_path)], 2, nothing, lambda end: end.code == 3, idle)
    assert [end.code for end in ended] == [3]
    assert (tmp_path / "1").read_text() == "SIGTERM"


def test_they_are_waited_for_when_watching_fails(tmp_path):
    def watch():
        if (tmp_path / "ready0").exists():
            raise GenlabError("the disk is gone")

    with pytest.raises(GenlabError, match="the disk is gone"):
        run_workers([*script(WAITS), str(tmp_path)], 1, watch, never, idle)
    assert (tmp_path / "0").read_text() == "SIGTERM"


@pytest.mark.skipif(sys.platform != "linux", reason="ends with its parent on Linux only")
def test_they_end_when_their_parent_is_killed(tmp_path):
    child = os.fork()
    if child == 0:
        run_workers([*script(WAITS), str(tmp_path)], 2, nothing, never, idle)
        os._exit(0)
    deadline = time.monotonic() + 20
    while not all((tmp_path / f"ready{i}").exists() for i in range(2)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while not all((tmp_path / str(i)).exists() for i in range(2)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (tmp_path / "0").read_text() == "SIGTERM"


def test_no_thread_is_left():
    run_workers(script(""), 1, nothing, never, idle)
    assert threading.active_count() == 1


@pytest.mark.parametrize(("name", "kind"), [("SIGTERM", PreemptedError), ("SIGINT", InterruptedByUserError)])
def test_a_signal_while_they_are_being_started_starts_no_more_and_ends_those_that_are(name, kind, monkeypatch):
    """As in the first seconds, when the GPUs are counted: nothing must run to its end that was told to stop."""
    begun, start = [], workers._start

    def started(command, number, *more):
        begun.append(number)
        worker = start(command, number, *more)
        os.kill(os.getpid(), getattr(signal, name))
        return worker

    monkeypatch.setattr(workers, "_start", started)
    before = time.monotonic()
    with pytest.raises(kind):
        run_workers(script("time.sleep(60)"), 4, nothing, never, idle)
    assert begun == [0]
    assert time.monotonic() - before < 20


def test_a_signal_before_the_first_is_started_starts_none(monkeypatch):
    monkeypatch.setattr(workers, "_start", None)
    with pytest.raises(PreemptedError, match=r"stopped \(SIGUSR1\)"):
        run_workers(script(""), 2, nothing, never, idle, gpus=lambda: os.kill(os.getpid(), signal.SIGUSR1) or [])
