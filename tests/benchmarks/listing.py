"""How long it takes to look at many finished runs: listing them, planning their sweep, writing its results.

    python -m tests.benchmarks.listing --runs 1000

One run is trained; the others are its small files with another seed and id. Prints the median of three processes each,
and the import of torch beside them, which none of the three needs.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from genlab.config.identity import canonical
from genlab.rundir.layout import RunDirectory
from genlab.rundir.status import dotted
from genlab.sweeps.file.grid import Sweep, load_sweep
from genlab.sweeps.file.passes import sweep_plan, sweep_work

SWEEP = """\
paper: neyshabur2017
source: Figure 4
asks: How long does it take to look at many runs?
base:
  data: {{name: digits, train_size: 60}}
  model: {{name: mlp, widths: [8]}}
  training: {{optimiser: {{name: sgd, learning_rate: 0.1}}, batch_size: 16, stop: {{epochs: 30}}}}
seeds: {seeds}
measure: {{only: [margin_5th_percentile, log_l2_norm, log_l1_path_norm, log_l2_path_norm, log_spectral_norm_kernel]}}
scales: {{laptop: {{}}}}
"""
REPEATS = 3


def made(folder: Path, count: int) -> tuple[Path, Path]:
    """A sweep of so many runs, all finished and measured; its file and the directory of runs."""
    file, runs = folder / "many.yaml", folder / "runs"
    file.write_text(SWEEP.format(seeds=[0]))
    first = [sys.executable, "-m", "genlab", "sweep", str(file), "--runs", str(runs), "--quiet"]
    subprocess.run(first, check=True, stdout=subprocess.DEVNULL)
    file.write_text(SWEEP.format(seeds=list(range(count))))
    multiply(load_sweep(str(file), "laptop"), runs)
    return file, runs


def multiply(sweep: Sweep, runs: Path) -> None:
    """Give every cell of a sweep the small files of the first, with its own config, id and seed."""
    first, *others = sweep_plan(sweep, sweep_work(sweep), runs=runs, data_dir=runs)
    status = json.loads(first.run.status.read_text())
    for planned in others:
        run = RunDirectory(planned.run.path)
        shutil.copytree(first.run.path, run.path, ignore=shutil.ignore_patterns("*.safetensors"))
        config = dotted(canonical(planned.cell.config, None))
        run.status.write_text(json.dumps(status | {"id": run.run_id, "name": run.name, "config": config}, indent=1))
        run.config.write_text(first.run.config.read_text().replace("seed: 0", f"seed: {planned.cell.config.seed}"))


def seconds(*command: str) -> float:
    """The median wall time of a Python process."""
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    count = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        file, runs = made(Path(folder), count)
        verbs = {
            "genlab runs ls": ("runs", "ls"),
            "genlab sweep F --dry-run": ("sweep", str(file), "--dry-run"),
            "genlab sweep F (results.csv)": ("sweep", str(file)),
        }
        print(f"{count} finished runs, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for name, arguments in verbs.items():
            print(f"  {name:30} {seconds('-m', 'genlab', *arguments, '--runs', str(runs)):.2f} s")
        print(f"  {'import torch':30} {seconds('-c', 'import torch'):.2f} s")


if __name__ == "__main__":
    main()
