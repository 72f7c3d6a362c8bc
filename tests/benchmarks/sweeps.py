"""Whole commands: `genlab sweep` of many small nets, in one process or one a core, one by one or side by side."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.contests import Contest, Way, usable_cores
from tests.benchmarks.images import Images
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.usual import LEARNING_RATE, MOMENTUM

BATCH_SIZE = 32
SAMPLE_SECONDS = 0.2


class SweepCommand:
    """A round is a sweep from nothing to its table of results.

    Args:
        cells: nets, one a seed.
        options: of the command.
    """

    def __init__(self, images: Images, cells: int, epochs: int, options: tuple[str, ...]):
        self.folder = tempfile.TemporaryDirectory(prefix="genlab-bench-sweep-")
        self.cells, self.runs, self.child_bytes = cells, Path(self.folder.name) / "runs", 0
        file = Path(self.folder.name) / "sweep.yaml"
        optimiser = {"name": "sgd", "learning_rate": LEARNING_RATE, "momentum": MOMENTUM}
        base = {
            "data": images.config.model_dump(mode="json", exclude_unset=True),
            "model": {"name": "mlp", "widths": [30, 30]},
            "training": {"optimiser": optimiser, "batch_size": BATCH_SIZE, "stop": {"epochs": epochs}},
        }
        content = {"paper": "zhang2017", "source": "none", "asks": "How long does it take?", "base": base}
        file.write_text(yaml.safe_dump(content | {"seeds": list(range(cells)), "scales": {"laptop": {}}}))
        where = ["--runs", str(self.runs), "--data-dir", str(images.data_dir), "--device", "cpu"]
        self.command = [sys.executable, "-m", "genlab", "sweep", str(file), *where, "--json", "--quiet", *options]
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """No run is there."""
        shutil.rmtree(self.runs, ignore_errors=True)

    def work(self) -> float:
        """The mean test error of the nets."""
        # As a user has it: a limit of one thread, under which benchmarks run, would forbid lanes.
        environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        with subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            sampling = threading.Thread(target=self._sample, args=(process,))
            sampling.start()
            output, _ = process.communicate()
            sampling.join()
        assert process.returncode == 0, f"exit code {process.returncode}"
        assert json.loads(output)["states"] == {"done": self.cells}
        finals = [json.loads(path.read_text())["final"] for path in self.runs.glob("*/status.json")]
        assert len(finals) == self.cells
        return sum(final["test_error"] for final in finals) / self.cells

    def _sample(self, process: subprocess.Popen) -> None:
        while process.poll() is None:
            self.child_bytes = max(self.child_bytes, tree_bytes(process.pid))
            try:
                process.wait(SAMPLE_SECONDS)
            except subprocess.TimeoutExpired:
                continue


def tree_bytes(root: int) -> int:
    """Memory of a process and all it has started, pages that several share counted once between them; 0 if unknown."""
    total, left = 0, [root]
    while left:
        process = Path(f"/proc/{left.pop()}")
        try:
            for line in (process / "smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total += 1024 * int(line.split()[1])
            for task in (process / "task").iterdir():
                left += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
        except OSError:
            continue
    return total


def sweep_contests(images: Images, sizes: Sizes) -> Iterator[Contest]:
    """64 cells one after another against a process a core, against side by side, and against both."""
    cores = str(usable_cores())
    ways = {
        "usual": ("--group", "off", "--jobs", "1"),
        "a process a core": ("--group", "off", "--jobs", cores),
        "as chosen": ("--group", "auto", "--jobs", "1"),
        "as chosen, process a core": ("--group", "auto", "--jobs", cores),
    }
    usual, *others = (
        Way(name, SweepCommand, (images, sizes.cells, sizes.cell_epochs, options)) for name, options in ways.items()
    )
    yield Contest(
        f"sweep of {sizes.cells} 784-30-30-10",
        usual,
        others,
        units=1,
        unit="call",
        batch=BATCH_SIZE,
        share=0.2,
        warm_up=False,
        compare=lambda usual, other: f"mean test error {100 * other:.2f} %, one after another {100 * usual:.2f} %",
    )
