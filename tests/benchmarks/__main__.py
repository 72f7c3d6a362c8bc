"""Speed as ratios, side by side in one run: `python -m tests.benchmarks`, or `make bench`."""

import argparse
import json
import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks.contests import Contest, run
from tests.benchmarks.curvature import curvature_contests
from tests.benchmarks.duality import duality_contests
from tests.benchmarks.evaluation import evaluation_contests, loader_contests
from tests.benchmarks.goals import goal_lines
from tests.benchmarks.gradients import gradient_contests
from tests.benchmarks.images import cifar_images, mnist_images
from tests.benchmarks.interlayer import interlayer_contests
from tests.benchmarks.kernels import kernel_contests
from tests.benchmarks.machine import Peak, load, machine
from tests.benchmarks.noise import noise_contests
from tests.benchmarks.norm_family import family_contests
from tests.benchmarks.norms import norm_contests
from tests.benchmarks.outcomes import Outcome
from tests.benchmarks.permuted_pixels import permutation_contests
from tests.benchmarks.projections import projection_contests
from tests.benchmarks.report import LEGEND, memory, table
from tests.benchmarks.sizes import FULL, QUICK, Sizes
from tests.benchmarks.sweeps import sweep_contests
from tests.benchmarks.together import together_contests
from tests.benchmarks.training import mlp_contests, vgg_contests

KINDS = (
    "mlp",
    "vgg",
    "evaluation",
    "loader",
    "inputs",
    "norms",
    "measures",
    "group",
    "sweep",
    "kernel",
    "projection",
    "cushions",
    "duality",
)
THREADS = 1
WIDTH = 100


def main() -> None:
    """Run the benchmarks that the command line asks for, print the table, write the JSON file."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command does; for the processes started from here
    options = _options()
    torch.set_num_threads(THREADS)
    started, load_before = time.perf_counter(), load()
    sizes = QUICK if options.quick else FULL
    peak, sources, outcomes = Peak(sizes.matrices), dict[str, str](), list[Outcome]()
    peak.measure()
    with tempfile.TemporaryDirectory(prefix="genlab-bench-") as scratch:
        for contest in _contests(options.only, sizes, Path(scratch), sources):
            print(f"{time.perf_counter() - started:5.0f} s  {contest.title}", file=sys.stderr, flush=True)
            found = run(contest, options.rounds or sizes.rounds, THREADS, sizes.seconds)
            usual = found[contest.usual.name]
            outcomes += [Outcome(contest, way.name, usual, found[way.name]) for way in contest.others]
            peak.measure()
    content: dict[str, Any] = {
        "command": " ".join(["python -m tests.benchmarks", *sys.argv[1:]]),
        "quick": options.quick,
        "seconds": round(time.perf_counter() - started, 1),
        "machine": machine(),
        "threads": THREADS,
        "load": [load_before, load()],
        "images": sources,
        "matmul_peak_gflops": peak.gflops,
        "goals": goal_lines(outcomes),
        "outcomes": [outcome.numbers(peak.gflops) for outcome in outcomes],
    }
    lines = [*_head(content), "", *table(outcomes, peak.gflops), "", *content["goals"], *memory(outcomes), *LEGEND]
    print("\n".join(textwrap.fill(line, WIDTH) if len(line) > WIDTH else line for line in lines))
    if options.json:
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _contests(only: list[str], sizes: Sizes, scratch: Path, sources: dict[str, str]) -> Iterator[Contest]:
    """The contests one after the other; notes in `sources` which images they use."""
    grey = {"mlp", "group", "sweep"} & set(only)
    coloured = {"vgg", "evaluation", "loader", "group"} & set(only)
    mnist = mnist_images(scratch, sizes.made) if grey else None
    cifar = cifar_images(scratch, sizes.made) if coloured else None
    sources |= {", ".join(sorted(grey)): mnist.source} if mnist else {}
    sources |= {", ".join(sorted(coloured)): cifar.source} if cifar else {}
    if "mlp" in only:
        yield from mlp_contests(mnist, sizes)
    if "vgg" in only:
        yield from vgg_contests(cifar, sizes)
    if "evaluation" in only:
        yield from evaluation_contests(cifar, sizes)
    if "loader" in only:
        yield from loader_contests(cifar, sizes)
    if "inputs" in only:
        yield from permutation_contests(sizes)
    if "group" in only:
        yield from together_contests(mnist, cifar, sizes)
    if "sweep" in only:
        yield from sweep_contests(mnist, sizes)
    if "kernel" in only:
        yield from kernel_contests(sizes)
    if "projection" in only:
        yield from projection_contests(sizes)
    if "norms" in only:
        yield from norm_contests(sizes)
    if "measures" in only:
        yield from family_contests(sizes)
        yield from gradient_contests(sizes)
        yield from noise_contests(sizes)
        yield from curvature_contests(sizes)
    if "cushions" in only:
        yield from interlayer_contests(sizes)
    if "duality" in only:
        yield from duality_contests(sizes)


def _head(content: dict[str, Any]) -> list[str]:
    on, before, after = content["machine"], *content["load"]
    peaks = ", ".join(f"{name} {rate:.0f}" for name, rate in content["matmul_peak_gflops"].items())
    lines = [
        f"{on['processor']}, {on['cores']} cores, {on['capability']}; load {before} before, {after} after",
        f"torch {on['torch']}, torchvision {on['torchvision']}, Python {on['python']}, {on['system']}",
        f"{THREADS} torch thread a process; {content['seconds']:.0f} s in all",
        f"matrix-multiply peak of a core: {peaks} GFLOP/s",
        *(f"images of {kinds}: {source}" for kinds, source in content["images"].items()),
    ]
    return [*lines, "QUICK: sizes too small for the numbers to mean anything"] if content["quick"] else lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", type=_kinds, default=list(KINDS), help=f"some of {','.join(KINDS)}")
    parser.add_argument("--rounds", type=_positive, help=f"rounds of each way (default {FULL.rounds})")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    return parser.parse_args()


def _kinds(text: str) -> list[str]:
    kinds = text.split(",")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no benchmark named {unknown[0]!r}; have {','.join(KINDS)}")
    return kinds


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number, 1 or more")
    return int(text)


if __name__ == "__main__":
    main()
