"""Compute bounds of one finished run and put the rows into its directory."""

import copy
from collections.abc import Callable, Sequence

import torch

from genlab.bounds.compute import Row, compute_bounds
from genlab.bounds.request import BoundsRequest
from genlab.measures.computing.measure_run import prepare_processor
from genlab.measures.inputs.subject import Subject
from genlab.rundir.atomic import remove_leftovers
from genlab.rundir.columns import BOUND_COLUMNS, BOUND_KEY
from genlab.rundir.finished import FinishedRun
from genlab.rundir.locks import locked
from genlab.rundir.tables import replace_rows


def bound_run(
    run: FinishedRun,
    request: BoundsRequest,
    *,
    device: torch.device,
    epochs: Sequence[int | None] = (None,),
    begins: Callable[[str], None] | None = None,
) -> list[Row]:
    """Compute bounds of a run and write `bounds.csv`; rows of the same bound, options and epoch are replaced.

    Where some of the training images are a confusion set, over the others, which have true labels, as measures are.

    Args:
        request: the bounds and their options.
        epochs: whose weights are bounded, in this order, each written as it is done; None for the net as it ended.
        begins: given the name of each bound when it is its turn.

    Returns:
        The rows that were written.

    Raises:
        LockedError: another process is at work on the run.
        GenlabError: weights or the table are damaged, or weights were not kept.
    """
    directory, rows = run.directory, []
    with locked(directory.path.parent, directory.run_id):
        remove_leftovers(directory.path)
        prepare_processor(run)
        dataset = run.dataset.without_confusion().to(device)
        for epoch in epochs:
            subject = Subject(copy.deepcopy(run.model_at(epoch)).to(device), None, dataset, run.config.seed, device)
            found = [row | {"epoch": epoch} for row in compute_bounds(subject, request, begins=begins)]
            replace_rows(directory.bounds, BOUND_COLUMNS, found, BOUND_KEY)
            rows += found
    return rows
