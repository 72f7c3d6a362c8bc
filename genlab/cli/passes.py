"""A pass over several finished runs: one that fails does not keep the others from theirs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from genlab.errors import GenlabError

if TYPE_CHECKING:
    from genlab.rundir.finished import FinishedRun


def over_runs(targets: list[str], runs: Path, data_dir: Path, work: Callable[["FinishedRun"], None]) -> int:
    """Do the work for each target.

    Returns:
        The highest exit code of those that failed, each told on stderr as it failed; 0 where none did.

    Raises:
        UsageError: a target names no run; before anything is done.
        GenlabError: the only target failed.
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
    return code
