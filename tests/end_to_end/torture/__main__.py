"""Attack genlab at random for as long as is asked, and say what did not hold.

    python -m tests.end_to_end.torture --minutes 60

Kills, signals and full disks while commands are at work, damaged files of finished runs, mutated configs. Prints a line
for each attack and a table at the end; exit code 1 where anything did not hold, with the command that repeats it.
"""

import argparse
import importlib
import pkgutil
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch
import torch._dynamo
from matplotlib import pyplot  # noqa: F401

import genlab
from genlab.data.digits import load_digits
from tests.end_to_end.torture.configs import mutate
from tests.end_to_end.torture.damage import damage
from tests.end_to_end.torture.disturbances import Tried, fill, kill, stop
from tests.end_to_end.torture.scenes import Scenes

Attack = Callable[[Scenes, Path, random.Random], Tried]
KINDS: dict[str, Attack] = {"kills": kill, "signals": stop, "full-disk": fill, "damage": damage, "configs": mutate}
BRIEF_MINUTES = 5.0


def attacked(kind: str, number: int, scenes: Scenes) -> Tried:
    """One attack of a kind; the number decides all that is drawn."""
    with tempfile.TemporaryDirectory(prefix="genlab-torture-") as folder:
        try:
            return KINDS[kind](scenes, Path(folder).resolve(), random.Random(number))
        except Exception:
            return Tried(f"{kind} {number}", "the attack itself failed", [traceback.format_exc()])


def torture(kinds: list[str], *, minutes: float, seed: int, repeat: int | None = None) -> int:
    """Attack until the time is over, or once where an attack is to be repeated; how many attacks got through."""
    warm()
    draws, until = random.Random(seed), time.monotonic() + 60 * minutes
    tries: Counter[str] = Counter()
    failures: list[tuple[str, int]] = []
    with tempfile.TemporaryDirectory(prefix="genlab-torture-") as folder:
        scenes = Scenes(Path(folder), brief=minutes < BRIEF_MINUTES and repeat is None)
        order: list[str] = []
        while repeat is None or not tries:
            order = order or draws.sample(kinds, len(kinds))
            kind, number = order.pop(), draws.randrange(10**9) if repeat is None else repeat
            tried = attacked(kind, number, scenes)
            tries[kind] += 1
            print(f"{kind} {number}: {tried.what}: {tried.outcome}{'; WRONG' if tried.wrong else ''}", flush=True)
            for line in tried.wrong:
                print(f"    {line}", flush=True)
            if tried.wrong:
                failures.append((kind, number))
            if time.monotonic() > until:
                break
    failed = Counter(kind for kind, _ in failures)
    print(f"\n{'kind':10} {'tries':>6} {'failures':>9}")
    for kind in kinds:
        print(f"{kind:10} {tries[kind]:6} {failed[kind]:9}")
    for kind, number in failures:
        print(f"repeat with: python -m tests.end_to_end.torture --only {kind} --repeat {number}")
    return len(failures)


def warm() -> None:
    """Import all of genlab, so that a child has the time of its command and not that of its imports.

    Nothing here may start a thread, since a child that waits for one that did not survive its fork waits for ever.
    Ctrl-C reaches the children too where this process, as one in the background of a shell, was started to ignore it.
    """
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for module in pkgutil.walk_packages(genlab.__path__, "genlab."):
        if not module.name.startswith("genlab.configs"):
            importlib.import_module(module.name)
    load_digits()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0, help="no attack begins after them")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    parser.add_argument("--only", default=",".join(KINDS), help="kinds, comma-separated")
    parser.add_argument("--repeat", type=int, help="the number of one attack, with its kind in --only")
    arguments = parser.parse_args()
    kinds = arguments.only.split(",")
    if unknown := set(kinds) - KINDS.keys():
        parser.error(f"unknown kinds: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    return 1 if torture(kinds, minutes=arguments.minutes, seed=arguments.seed, repeat=arguments.repeat) else 0


if __name__ == "__main__":
    sys.exit(main())
