"""A small sweep for SLURM, and programs that stand in for SLURM's where there is none."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
FOUR_CELLS = """
paper: zhang2017
source: Figure 1a
asks: Does it run as jobs?
base:
  data: {name: digits, train_size: 100}
  model: {name: mlp}
  training:
    optimiser: {name: sgd, learning_rate: 0.05, momentum: 0.9}
    batch_size: 32
    stop: {epochs: 3}
  execution: {threads: 1, device: cpu}
grid:
  model.widths: [[4], [8]]
seeds: [0, 1]
measure: {only: [log_l2_norm]}
compress: {methods: [{name: svd_truncation, rank: 1}]}
slurm: {options: {hold: true}}
scales:
  smoke: {}
"""
# A real cluster's programs, as far as genlab and submitit look at them.
PROGRAMS = {
    "srun": "",
    "squeue": 'echo "$@" >> {here}/squeue.asked; cat {here}/queue',
    "scontrol": 'echo "$@" >> {here}/scontrol.asked; echo "MaxArraySize            = $(cat {here}/largest)"',
    "sbatch": 'cat "$1" >> {here}/sbatch.asked; cat {here}/refusal >&2; test -s {here}/refusal && exit 1; '
    'echo "Submitted batch job $(cat {here}/next)"',
}


def write_sweep(folder: Path, text: str = FOUR_CELLS) -> Path:
    """A sweep file in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "small.yaml"
    path.write_text(text)
    return path


def stand_ins(folder: Path, *, queue: str = "", largest: int = 1001, refusal: str = "", job: int = 7) -> Path:
    """A folder of stand-ins for PATH: `queue` is what is queued, `refusal` what sbatch refuses with."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"queue": queue, "largest": str(largest), "refusal": refusal, "next": str(job)}.items():
        (folder / name).write_text(content)
    for name, script in PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\n{script.format(here=folder)}\n")
        (folder / name).chmod(0o755)
    return folder
