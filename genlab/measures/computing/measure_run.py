"""Measure one finished run and put the rows into its directory."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch

from genlab.hardware.allocation import keep_freed_memory
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.inputs.subject import Subject
from genlab.rundir.columns import MEASURE_COLUMNS
from genlab.rundir.finished import FinishedRun
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.provenance import read_provenance
from genlab.rundir.tables import Row, replace_rows, write_table


def measure_run(
    run: FinishedRun, names: Sequence[str] | None, options: Mapping[str, Mapping[str, Any]], *, device: torch.device
) -> Results:
    """Compute measures of a run and write `measures.csv` and `measures/<name>.csv`.

    Where some of the training images are a confusion set, over the others, which have true labels. Rows of the same
    measure and options are replaced, all others of the file stay.

    Args:
        names: measures; all where None.
        options: by measure.

    Raises:
        LockedError: another process is at work on the run.
        ConfigError: unknown measures or options.
        GenlabError: weights or tables are damaged.
    """
    directory = run.directory
    with locked(directory.path.parent, directory.run_id):
        prepare_processor(run)
        dataset = run.dataset.without_confusion().to(device)
        initial = copy.deepcopy(run.initial_model).to(device) if run.initial_model is not None else None
        history = run.history if directory.history.exists() else None
        subject = Subject(copy.deepcopy(run.model).to(device), initial, dataset, run.config.seed, device, history)
        results = compute_measures(subject, names, options)
        write_results(directory, results)
    return results


def write_results(directory: RunDirectory, results: Results) -> None:
    """Rows into `measures.csv`, where they replace those of the same measures and options, and tables beside it."""
    replace_rows(directory.measures, MEASURE_COLUMNS, results.rows, _measure_and_options)
    for name, table in results.tables.items():
        write_table(directory.measure_table(name), list(map(str, table.columns)), _records(table))


def prepare_processor(run: FinishedRun) -> None:
    """Use as many CPU threads as the run was found to train fastest with, and keep memory for large float64 batches."""
    keep_freed_memory()
    threads = read_provenance(run.directory).get("execution", {}).get("threads")
    if isinstance(threads, int) and threads > 0:
        torch.set_num_threads(threads)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _measure_and_options(row: Row) -> tuple[Any, ...]:
    return row["measure"], row["options"]
