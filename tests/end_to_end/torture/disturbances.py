"""Kills, signals and full disks: a command is disturbed, then given again, and must end as it does undisturbed."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from genlab.signals import PREEMPTING
from tests.cli.command import Outcome
from tests.end_to_end.torture.comparison import let_time_pass
from tests.end_to_end.torture.forked import (
    Befall,
    files_end_at,
    forked,
    full_from,
    killed_in_a_write,
    signal_after,
    signal_at,
)
from tests.end_to_end.torture.scenes import COMMANDS, JOBS, Scene, Scenes

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 240.0
SOME_FAILED = 3


@dataclass
class Tried:
    """One attack.

    Attributes:
        what: was attacked, where and how.
        outcome: in a few words.
        wrong: a line for each thing that is not as it must be.
    """

    what: str
    outcome: str = ""
    wrong: list[str] = field(default_factory=list)


def kill(scenes: Scenes, folder: Path, draws: random.Random) -> Tried:
    """Killed once or more, at changes of files, at any moment or in the middle of a write."""
    scene = scenes.any(draws)
    place, tried = scene.place(folder / "place"), Tried(scene.name)
    for _ in range(draws.choice((1, 1, 2))):
        if scene.name == JOBS:
            how, outcome = _killed_processes(place, draws)
        else:
            how, befall = _killing(scene, place, draws)
            outcome = forked(place, scene.command, befall)
        _note(tried, how, outcome)
        let_time_pass(place)
        if outcome.code not in (-signal.SIGKILL, -signal.SIGXFSZ, 0):
            tried.wrong.append(f"ended with {outcome.code}: {outcome.err[-300:]}")
        if outcome.code == 0:
            tried.wrong += scene.wrong(place)
    _again(tried, scene, place, draws)
    return tried


def stop(scenes: Scenes, folder: Path, draws: random.Random) -> Tried:
    """Asked to stop by a signal: at a change of files, at any moment, or on the real command line from its start."""
    scene = scenes.any(draws)
    place, tried = scene.place(folder / "place"), Tried(scene.name)
    kind = signal.Signals[draws.choice((*PREEMPTING, "SIGINT"))]
    if scene.name == JOBS or (not scenes.brief and draws.random() < 0.1):
        seconds = draws.choice((draws.uniform(0, 1), draws.uniform(0, 8 + scene.seconds)))
        how, outcome = (
            f"{kind.name} {seconds:.2f} s after the start of the real one",
            _signalled(scene, place, kind, seconds),
        )
    elif draws.random() < 0.7:
        number = draws.randint(1, scene.changes)
        how, outcome = (
            f"{kind.name} at change {number} of {scene.changes}",
            forked(place, scene.command, signal_at(place, number, kind)),
        )
    else:
        seconds = draws.uniform(0, scene.seconds)
        how, outcome = f"{kind.name} after {seconds:.3f} s", forked(place, scene.command, signal_after(seconds, kind))
    _note(tried, how, outcome)
    wanted = 130 if kind == signal.SIGINT else 75
    if outcome.code not in (wanted, 0):
        tried.wrong.append(f"ended with {outcome.code}, not {wanted}: {outcome.err[-300:]}")
    elif outcome.code:
        tried.wrong += _not_one_line(outcome)
    else:
        tried.wrong += scene.wrong(place)
    _again(tried, scene, place, draws)
    return tried


def fill(scenes: Scenes, folder: Path, draws: random.Random) -> Tried:
    """No room from a change of files on: nothing can be opened, or files end in their middle."""
    scene = scenes.any(draws)
    while scene.name == JOBS:
        scene = scenes.any(draws)
    place, tried = scene.place(folder / "place"), Tried(scene.name)
    number = draws.randint(1, scene.changes)
    if draws.random() < 0.5:
        how, befall = f"no room from change {number} of {scene.changes} on", full_from(place, number)
    else:
        size = _size(scene, draws)
        how, befall = (
            f"no file beyond {size} bytes from change {number} of {scene.changes} on",
            files_end_at(place, number, size),
        )
    outcome = forked(place, scene.command, befall)
    _note(tried, how, outcome)
    if outcome.code == 0:
        tried.wrong += scene.wrong(place)
    elif outcome.code not in ((1, SOME_FAILED) if "sweep" in scene.name else (1,)):
        tried.wrong.append(f"ended with {outcome.code}: {outcome.err[-300:]}")
    elif outcome.code == 1:
        tried.wrong += _not_one_line(outcome)
    _again(tried, scene, place, draws)
    return tried


def _killing(scene: Scene, place: Path, draws: random.Random) -> tuple[str, Befall]:
    how = draws.choices(("change", "moment", "write"), (6, 2, 2))[0]
    if how == "change":
        number = draws.randint(1, scene.changes)
        return f"killed at change {number} of {scene.changes}", signal_at(place, number, signal.SIGKILL)
    if how == "moment":
        seconds = draws.uniform(0, scene.seconds)
        return f"killed after {seconds:.3f} s", signal_after(seconds, signal.SIGKILL)
    size = _size(scene, draws)
    return f"killed as a file grew beyond {size} bytes", killed_in_a_write(size)


def _size(scene: Scene, draws: random.Random) -> int:
    """A size that some file of the scene goes beyond, so that it ends somewhere within that."""
    sizes = sorted({path.stat().st_size for path in (scene.end / "runs").rglob("*") if path.is_file()} - {0})
    return draws.randrange(draws.choice(sizes))


def _again(tried: Tried, scene: Scene, place: Path, draws: random.Random) -> None:
    """The same command to its end, twice where cells of a sweep say that they failed, and what then is not the same."""
    command = scene.command
    let_time_pass(place)
    if scene.name == "train --force" and draws.random() < 0.5:
        command = COMMANDS["train"]  # which must not take what is left for a finished run
    if scene.name == JOBS and draws.random() < 0.5:
        outcome = _ended(_begun(command, place))
    else:
        command = COMMANDS["sweep"] if scene.name == JOBS else command
        outcome = forked(place, command, patience=PATIENCE_SECONDS)
        if outcome.code == SOME_FAILED:
            forked(place, (*command, "--only", "failed"), patience=PATIENCE_SECONDS)
            outcome = forked(place, command, patience=PATIENCE_SECONDS)
    if outcome.code != 0:
        tried.wrong.append(f"given again it ended with {outcome.code}: {outcome.err[-500:]}")
        return
    tried.wrong += scene.wrong(place)


def _note(tried: Tried, how: str, outcome: Outcome) -> None:
    tried.what += f", {how}"
    tried.outcome += f"{', then ' if tried.outcome else ''}{outcome.code}"


def _not_one_line(outcome: Outcome) -> list[str]:
    """Whether a command that ended early said anything but one line of its own."""
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    if len(lines) == 1 and lines[0].startswith("genlab: ") and "(-v shows where)" not in lines[0]:
        return []
    return [f"said: {outcome.err[-800:]!r}"]


def _begun(command: tuple[str, ...], place: Path) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "genlab", *command],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(process: "subprocess.Popen[str]") -> Outcome:
    try:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return Outcome(255, out, f"hangs: no end after {PATIENCE_SECONDS:.0f} s\n{err}")
    return Outcome(process.returncode, out, err)


def _signalled(scene: Scene, place: Path, kind: signal.Signals, seconds: float) -> Outcome:
    """A signal so long after the real command line has its handlers: before, the process is the interpreter's."""
    process = _begun(scene.command, place)
    while process.poll() is None and not _catches(process.pid, signal.SIGTERM):
        time.sleep(0.002)
    time.sleep(seconds)
    process.send_signal(kind)
    return _ended(process)


def _catches(pid: int, kind: signal.Signals) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (kind - 1) & 1)


def _killed_processes(place: Path, draws: random.Random) -> tuple[str, Outcome]:
    """A sweep in several processes, of which one is killed: that which was started, or one that works for it."""
    process, seconds = _begun(COMMANDS[JOBS], place), draws.uniform(3, 20)
    time.sleep(seconds)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = [int(word) for word in children.read_text().split()] if children.exists() else []
    if workers and draws.random() < 0.5:
        os.kill(draws.choice(workers), signal.SIGKILL)
        return f"a worker killed after {seconds:.1f} s", _ended(process)
    process.kill()
    outcome = _ended(process)
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        time.sleep(0.1)
    return f"killed after {seconds:.1f} s", outcome
