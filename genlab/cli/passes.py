"""A pass over several finished runs: one that fails does not keep the others from theirs."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.cli.options import TableFormat
from genlab.cli.output import print_rows
from genlab.cli.selecting import selected
from genlab.errors import GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.status import read_status

if TYPE_CHECKING:
    from genlab.rundir.finished import FinishedRun


def runs_to_pass_over(
    targets: Sequence[str], runs: Path, *, where: Sequence[str] = (), last: bool = False
) -> list[RunDirectory]:
    """The runs of a selection that a pass is made over; imports no torch, so that what is wrong is told at once.

    Those that are not finished are told on stderr and left out. One that was asked for by itself stays, so that the
    pass fails on it.

    Raises:
        UsageError: a target names no run, or nothing fits.
        GenlabError: none is finished.
    """
    selection = selected(targets, runs, where=where, last=last)
    kept, left = [], []
    for run in selection.runs:
        unfinished = None if run.path.resolve() in selection.single else _unfinished(run)
        if unfinished is None:
            kept.append(run)
        else:
            left.append(f"{run.path}: is {unfinished}; `genlab train {run.path}` goes on with it")
    for line in left:
        print(f"genlab: left out: {line}", file=sys.stderr)
    if not kept:
        raise GenlabError(
            f"none of the {len(left)} runs is finished" if len(left) > 1 else "the only run is unfinished"
        )
    return kept


def over_runs(directories: Sequence[RunDirectory], data_dir: Path, work: Callable[["FinishedRun"], None]) -> int:
    """Do the work for each run.

    Returns:
        The highest exit code of those that failed, each told on stderr as it failed; 0 where none did.

    Raises:
        GenlabError: the only run failed.
    """
    from genlab.rundir.finished import load_run

    code = 0
    for directory in directories:
        try:
            work(load_run(directory.path, data_dir))
        except GenlabError as error:
            if len(directories) == 1:
                raise
            print(f"genlab: {error}", file=sys.stderr)
            code = max(code, error.exit_code)
    return code


@dataclass
class PassResults:
    """What a pass prints: the table of each run as it is done, and in other formats one of all runs at the end.

    Attributes:
        columns: of the tables.
        quiet: print the file of each run in place of its table.
    """

    columns: Sequence[str]
    table_format: TableFormat
    quiet: bool
    _found: list[tuple[RunDirectory, Sequence[Mapping[str, Any]]]] = field(default_factory=list)

    def add(self, run: RunDirectory, rows: Sequence[Mapping[str, Any]], file: Path) -> None:
        """Take the rows of a run, which are in a file of it now."""
        if self.table_format is not TableFormat.table:
            self._found.append((run, rows))
        elif self.quiet:
            print(file)
        else:
            print_rows(self.columns, rows, self.table_format, title=str(run.path))

    def finish(self) -> None:
        """Print what formats other than tables for people have."""
        if self.table_format is TableFormat.table:
            return
        rows = [{"id": run.run_id, **row} for run, rows in self._found for row in rows]
        document = [{"id": run.run_id, "path": str(run.path), "rows": rows} for run, rows in self._found]
        print_rows(("id", *self.columns), rows, self.table_format, document=document)


def _unfinished(run: RunDirectory) -> str | None:
    """What a run is that is not finished; None for a finished one, and for a damaged one, on which the pass fails."""
    try:
        status = read_status(run)["status"]
    except GenlabError:
        return None
    return None if status == "finished" else f"{status}, not finished"
