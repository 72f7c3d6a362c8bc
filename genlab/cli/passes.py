"""A pass over several finished runs: one that fails does not keep the others from theirs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from genlab.errors import GenlabError

if TYPE_CHECKING:
    from genlab.rundir.finished import FinishedRun


def over_runs(targets: list[str], runs: Path, data_dir: Path, work: Callable[["FinishedRun"], None]) -> None:
    """Do the work for each target.

    Raises:
        UsageError: a target names no run; before anything is done.
        typer.Exit: with the highest exit code of those that failed, each told on stderr as it failed.
    """
    from genlab.rundir.find import find_run
    from genlab.rundir.finished import load_run

    code = 0
    for directory in [find_run(runs, target) for target in targets]:
        try:
            work(load_run(directory.path, data_dir))
        except GenlabError as error:
            if len(targets) == 1:
                raise
            print(f"genlab: {error}", file=sys.stderr)
            code = max(code, error.exit_code)
    if code:
        raise typer.Exit(code)
