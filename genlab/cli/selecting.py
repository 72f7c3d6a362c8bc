"""The selection of runs that a verb is about, with what is wrong with it told."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from genlab.errors import GenlabError, UsageError
from genlab.rundir.find import PATTERN, find_run
from genlab.rundir.layout import RunDirectory
from genlab.rundir.selection import Selection, select_runs
from genlab.rundir.status import read_status


def selected(
    targets: Sequence[str] | None, runs: Path, *, where: Sequence[str] | None = None, last: bool = False
) -> Selection:
    """What targets, `--where` and `--last` say; runs that cannot be read are told on stderr.

    Raises:
        UsageError: they say nothing, a target names no run, or nothing fits.
    """
    if not targets and not where and not last:
        raise UsageError("which runs? Give directories, ids, names or patterns, --where CONDITION, or --last")
    selection = select_runs(runs, targets or (), where=where or (), last=last)
    for line in selection.damaged:
        print(f"genlab: {line}", file=sys.stderr)
    return selection


def readable(selection: Selection) -> list[RunDirectory]:
    """The runs of a selection without those whose status is damaged, which are told on stderr.

    Raises:
        GenlabError: one of these was asked for by itself, or no other is left.
    """
    kept, errors = [], []
    for run in selection.runs:
        try:
            read_status(run)
        except GenlabError as error:
            if run.path.resolve() in selection.single:
                raise
            errors.append(error)
        else:
            kept.append(run)
    if errors and not kept:
        raise errors[0]
    for told in errors:
        print(f"genlab: {told}", file=sys.stderr)
    return kept


def selected_to_compare(
    targets: Sequence[str] | None, runs: Path, *, where: Sequence[str] | None = None
) -> list[RunDirectory]:
    """Two runs or more: a single target or pattern, and whatever fits conditions, may stand for many.

    Raises:
        SeveralRunsError: one of several targets does.
        GenlabError: a run that was asked for by itself is damaged.
        UsageError: there are fewer than two, a target names no run, or nothing fits.
    """
    targets = targets or []
    if len(targets) > 1 and not where:
        for target in targets:
            if not PATTERN.search(target):
                find_run(runs, target)
    found = readable(selected(targets, runs, where=where))
    if len(found) < 2 and (len(targets) < 2 or where):
        which = " ".join([*targets, *(f"--where {text!r}" for text in where or ())])
        raise UsageError(f"{which}: names one run ({found[0].path.name}); give another to compare it with")
    return found


def selected_to_remove(
    targets: Sequence[str] | None, runs: Path, *, where: Sequence[str] | None = None, last: bool = False
) -> list[Path]:
    """The directories to be removed; a link that is named stays one, so that what it points to is safe.

    Raises:
        UsageError: only `--last` is said, a target names no run, or nothing fits.
    """
    if not targets and not where:
        raise UsageError("which runs are to be removed? Name them, or say --where CONDITION")
    found = [run.path for run in selected(targets, runs, where=where, last=last).runs]
    # `realpath`, as a link of that name that leads back to itself is nothing that was found.
    links = {Path(os.path.realpath(target)): Path(target) for target in targets or () if Path(target).is_symlink()}
    return [links.get(path.resolve(), path) for path in found]
