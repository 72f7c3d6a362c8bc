"""Measure one finished run and put the rows into its directory."""

import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import torch

from genlab.hardware.allocation import keep_freed_memory
from genlab.measures.computing.compute import Results, Row, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.rundir.atomic import remove_leftovers
from genlab.rundir.columns import MEASURE_COLUMNS, MEASURE_KEY
from genlab.rundir.finished import FinishedRun
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.measure_tables import replace_measure_table
from genlab.rundir.provenance import read_provenance
from genlab.rundir.tables import replace_rows

# Rows are written at the latest so long after they are known; each time takes a disk some milliseconds.
WRITE_SECONDS = 2.0


def measure_run(
    run: FinishedRun,
    request: Request,
    *,
    device: torch.device,
    epochs: Sequence[int | None] = (None,),
    begins: Callable[[str], None] | None = None,
) -> list[Row]:
    """Compute measures of a run and write `measures.csv` and `measures/<name>.csv`.

    Where some of the training images are a confusion set, over the others, which have true labels. Rows of the same
    measure, options and epoch are replaced, all others of the files stay.

    Args:
        request: the measures and their options.
        epochs: whose weights are measured, in this order; None for the net as it ended. The history that a measure
            sees ends with the epoch.
        begins: given the name of each measure when it is its turn.

    Returns:
        The rows that were written.

    Raises:
        LockedError: another process is at work on the run.
        GenlabError: weights or tables are damaged, or weights were not kept.
    """
    directory, rows = run.directory, []
    with locked(directory.path.parent, directory.run_id):
        for folder in (directory.path, directory.measure_table("any").parent):
            remove_leftovers(folder)
        prepare_processor(run)
        dataset = run.dataset.without_confusion().to(device)
        initial = copy.deepcopy(run.initial_model).to(device) if run.initial_model is not None else None
        whole = run.history if directory.history.exists() else None
        for epoch in epochs:
            history = whole if whole is None or epoch is None else whole[whole["epoch"] <= epoch]
            model = copy.deepcopy(run.model_at(epoch)).to(device)
            subject = Subject(model, initial, dataset, run.config.seed, device, history)
            rows += _measured(directory, subject, request, epoch, begins)
    return rows


def _measured(
    directory: RunDirectory,
    subject: Subject,
    request: Request,
    epoch: int | None,
    begins: Callable[[str], None] | None,
) -> list[Row]:
    """The rows of one net, written as they come: minutes of measures are not lost with whoever is stopped or killed."""
    left, rows, last = Results(), [], time.monotonic()

    def write() -> None:
        nonlocal left, last
        if left.rows:
            rows.extend(write_results(directory, left, epoch))
        left, last = Results(), time.monotonic()

    def keep(found: Results) -> None:
        left.rows.extend(found.rows)
        left.tables.update(found.tables)
        if time.monotonic() - last > WRITE_SECONDS:
            write()

    try:
        compute_measures(subject, request, each=keep, begins=begins)
    finally:
        write()
    return rows


def write_results(directory: RunDirectory, results: Results, epoch: int | None = None) -> list[Row]:
    """Tables into `measures/`, then rows into `measures.csv`, in place of those of the same measure, options and epoch.

    The rows come last, so that a row says of a table only what its file holds.

    Returns:
        The rows, with their epoch.
    """
    rows = [row | {"epoch": epoch} for row in results.rows]
    for name, options in dict.fromkeys((row["measure"], row["options"]) for row in rows):
        if (name, options) in results.tables or directory.measure_table(name).exists():
            # Without a table this time, that of another time goes.
            table = results.tables.get((name, options), pd.DataFrame())
            columns, own = list(map(str, table.columns)), _records(table)
            replace_measure_table(directory, name, own, columns=columns, epoch=epoch, options=options)
    replace_rows(directory.measures, MEASURE_COLUMNS, rows, MEASURE_KEY)
    return rows


def prepare_processor(run: FinishedRun) -> None:
    """Use as many CPU threads as the run was found to train fastest with, and keep memory for large float64 batches."""
    keep_freed_memory()
    threads = read_provenance(run.directory).get("execution", {}).get("threads")
    if isinstance(threads, int) and threads > 0:
        torch.set_num_threads(threads)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
