"""How `genlab sweep` prints its plan and its outcome."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from genlab.cli.options import TableFormat
from genlab.cli.output import print_json, print_rows
from genlab.errors import GenlabError
from genlab.rundir.short_names import short_names
from genlab.sweeps.file.grid import shown_section

if TYPE_CHECKING:
    from genlab.sweeps.file.grid import Sweep
    from genlab.sweeps.run import Outcome


def print_plan(sweep: "Sweep", *, runs: Path, data_dir: Path, table_format: TableFormat) -> None:
    """Every cell with its state, and an estimate of what is left from the cells that are done.

    Cells that wait in SLURM are `queued`; where SLURM cannot be asked, they are shown as their files are.
    """
    from genlab.sweeps.file.passes import sweep_passes, sweep_plan
    from genlab.sweeps.plan import DONE, estimated_seconds
    from genlab.sweeps.slurm.submission import with_queue

    planned = sweep_plan(sweep, sweep_passes(sweep), runs=runs, data_dir=data_dir)
    seconds = estimated_seconds(planned)
    try:
        planned = with_queue(sweep, planned, runs=runs)
    except GenlabError as error:
        print(f"genlab: which cells are queued is not known: {error}", file=sys.stderr)
    rows = [{**p.cell.values, "id": p.run.run_id, "state": p.state, "reason": p.reason} for p in planned]
    document = {"cells": rows, "seconds_left": seconds}
    shown = [{k: shown_section(v) if isinstance(v, dict) else v for k, v in row.items()} for row in rows]
    print_rows(list(rows[0]), shown, table_format, document=document, names=short_names(rows[0]))
    if table_format is not TableFormat.table:
        return
    at = f" at scale {sweep.scale}" if sweep.scale else ""
    left = sum(p.state != DONE for p in planned)
    time = "unknown until one is done" if seconds is None else f"about {seconds / 60:.1f} minutes one after another"
    print(f"{sweep.name}{at}: {len(planned)} cells, {left} not done; time left: {time}")


def print_outcome(outcome: "Outcome", *, as_json: bool) -> None:
    """How many cells are in which state, those that failed with their reasons, and where the results are."""
    if as_json:
        failed = [{"id": p.run.run_id, **p.cell.values, "reason": p.reason} for p in outcome.failed]
        print_json({"states": outcome.states, "failed": failed, "results": str(outcome.results)})
        return
    for planned in outcome.failed:
        print(f"failed: {planned.cell.label} ({planned.run.path}): {planned.reason}")
    if outcome.failed:
        print("cells that failed are left as they are; --only failed tries them again")
    states = ", ".join(f"{number} {state}" for state, number in sorted(outcome.states.items()))
    print(f"{len(outcome.planned)} cells: {states}; results: {outcome.results}")
