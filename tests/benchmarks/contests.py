"""The same work done in several ways, timed in turn, round after round.

Each way lives in a process of its own, so that no way's memory, threads or settings touch another's; only one of them
works at a time. Other load on the machine then falls on all of them alike, and the ratio is that of neighbours in time.
"""

import math
import multiprocessing
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any, Protocol

ENOUGH_ROUNDS = 3


class Side(Protocol):
    """One way of doing the work, ready to do it again and again.

    Attributes:
        facts: of this side for the report: `precision`, `flops` of a unit of work, `threads`, or nothing.
    """

    facts: dict[str, Any]

    def settle(self) -> None:
        """What comes before each round and is not timed."""

    def work(self) -> Any:
        """A round. What it gives is a small result that `Contest.compare` may look at, or None.

        Where other processes have done it, `child_bytes` of the side is their memory at its peak.
        """


@dataclass(frozen=True)
class Way:
    """How a side is built, in its own process: `build(*arguments)`, both to be pickled.

    Attributes:
        part: of the work that it does in a round; its time counts as that of the whole.
    """

    name: str
    build: Callable[..., Side]
    arguments: tuple[Any, ...] = ()
    part: float = 1.0


@dataclass(frozen=True)
class Contest:
    """The usual way and others.

    Attributes:
        title: what is done, in 28 letters.
        units: pieces of work in a round.
        unit: "image" (shown as images a second), "call" (shown as seconds a call) or "step" (as microseconds a step of
            a net).
        batch: images a batch, where it matters.
        share: of the rounds asked for; long rounds of little noise need fewer.
        warm_up: whether a first round of each does not count.
        compare: a line on the results of the usual way and another.
    """

    title: str
    usual: Way
    others: Sequence[Way]
    units: int
    unit: str = "image"
    batch: int | None = None
    share: float = 1.0
    warm_up: bool = True
    compare: Callable[[Any, Any], str] | None = None


@dataclass
class Rounds:
    """What a side measured in each round, and what it said of itself.

    Attributes:
        seconds: by the clock.
        cpu_seconds: of processor time, its loader's workers included.
        facts: see `Side`.
        peak_memory_bytes: of the process, or of those that it has started, all together.
        result: of the last round.
    """

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    peak_memory_bytes: int = 0
    result: Any = None


def run(contest: Contest, rounds: int, threads: int, seconds: float = math.inf) -> dict[str, Rounds]:
    """Time all ways in turn; where the contest has it a first round of each warms up and does not count.

    Args:
        rounds: of each way, before `contest.share`.
        threads: of torch.
        seconds: after which no further round begins, where three have been counted.

    Raises:
        RuntimeError: a way failed; its traceback is the message.
    """
    ways = [contest.usual, *contest.others]
    found = {way.name: Rounds() for way in ways}
    context = _context()
    with ExitStack() as stack:
        sides: dict[str, Connection] = {}
        for way in ways:
            here, there = context.Pipe()
            process = context.Process(target=serve, args=(there, way, threads))
            process.start()
            there.close()
            stack.callback(process.join)
            stack.callback(here.close)  # ends the process
            sides[way.name] = here
        for name, side in sides.items():
            found[name].facts = answer(side)
        started = time.perf_counter()
        first = 0 if contest.warm_up else 1
        for index in range(first, 1 + max(2, round(rounds * contest.share))):
            if index > ENOUGH_ROUNDS and time.perf_counter() - started > seconds:
                break
            for way in ways:
                name, side = way.name, sides[way.name]
                side.send("round")
                taken, cpu_seconds, found[name].peak_memory_bytes, found[name].result = answer(side)
                if index:
                    found[name].seconds.append(taken / way.part)
                    found[name].cpu_seconds.append(cpu_seconds / way.part)
    return found


def _context() -> BaseContext:
    """Processes that start from scratch but for the imports, which are done once where the system can fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            f"tests.benchmarks.{module}"
            for module in (
                "training",
                "evaluation",
                "norms",
                "noise",
                "norm_family",
                "curvature",
                "gradients",
                "interlayer",
                "duality",
                "group",
            )
        ]
    )
    return context


def answer(side: Connection) -> Any:
    """The next answer of a side's process.

    Raises:
        RuntimeError: it failed.
    """
    try:
        answer = side.recv()
    except EOFError:
        raise RuntimeError("the process of one way died") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def serve(connection: Connection, way: Way, threads: int) -> None:
    """The life of a side's process: built once, then a round each time the connection says so, until it closes."""
    import torch

    try:
        torch.set_num_threads(threads)
        side = way.build(*way.arguments)
        connection.send(side.facts)
        while _another(connection):
            side.settle()
            cpu, started = _cpu_seconds(), time.perf_counter()
            result = side.work()
            seconds, cpu = time.perf_counter() - started, _cpu_seconds() - cpu
            peak = max(peak_memory_bytes(), getattr(side, "child_bytes", 0))
            connection.send((seconds, cpu, peak, result))
    except Exception:
        connection.send(RuntimeError(f"{way.name}: {traceback.format_exc()}"))


def _another(connection: Connection) -> bool:
    try:
        return connection.recv() == "round"
    except EOFError:
        return False


def _cpu_seconds() -> float:
    """Processor time of this process and of those it has started, ended or alive (the latter on Linux only)."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() + ended.ru_utime + ended.ru_stime
    for child in multiprocessing.active_children():
        try:
            with open(f"/proc/{child.pid}/schedstat", encoding="ascii") as file:
                seconds += int(file.read().split()[0]) / 1e9
        except (OSError, IndexError, ValueError):
            continue
    return seconds


def peak_memory_bytes() -> int:
    """The most memory that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
