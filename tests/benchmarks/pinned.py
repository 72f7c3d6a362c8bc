"""Work shared out among processes that are at it at the same time, one bound to each core."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from tests.benchmarks.contests import Side, Way, answer, serve


class OnEachCore:
    """A side whose rounds are rounds of several sides, each in a process of its own.

    The children end with this process.

    Args:
        build: of each side.
        shares: arguments of `build`, one tuple a process.
    """

    def __init__(self, build: Callable[..., Side], shares: Sequence[tuple[Any, ...]]):
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.facts: dict[str, Any] = {}
        self.children: list[Connection] = []
        self.child_bytes = 0
        context = multiprocessing.get_context("spawn")
        for number, arguments in enumerate(shares):
            here, there = context.Pipe()
            core = cores[number % len(cores)] if cores else None
            way = Way(f"on core {core}", build, arguments)
            context.Process(target=_bound, args=(there, way, core), daemon=True).start()
            there.close()
            self.children.append(here)
        for child in self.children:
            answer(child)

    def settle(self) -> None:
        """Each does what it needs in its round, where it counts."""

    def work(self) -> Any:
        """A round of each; what the first gives."""
        for child in self.children:
            child.send("round")
        found = [answer(child) for child in self.children]
        self.child_bytes = sum(peak for _, _, peak, _ in found)
        return found[0][3]


def _bound(connection: Connection, way: Way, core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    serve(connection, way, 1)
