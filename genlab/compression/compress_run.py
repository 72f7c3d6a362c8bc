"""Compress one finished run and put the rows and the nets into its directory."""

import copy
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from genlab.compression.compress_net import compress_subject
from genlab.compression.evaluation import ROW_COLUMNS
from genlab.compression.settings import Setting
from genlab.compression.storage import load_compressed, save_compressed
from genlab.errors import GenlabError
from genlab.hardware.devices import arithmetic
from genlab.measures.computing.measure_run import prepare_processor
from genlab.rundir.atomic import remove_leftovers
from genlab.rundir.columns import COMPRESSION_KEY, COMPRESSION_LAYER_COLUMNS
from genlab.rundir.finished import FinishedRun
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.tables import cell, key_of, read_table, replace_rows


def compress_run(
    run: FinishedRun,
    settings: Sequence[Setting],
    *,
    device: torch.device,
    save: bool,
    epochs: Sequence[int | None] = (None,),
    missing: bool = False,
) -> Iterator[dict[str, Any]]:
    """Compress a run by each setting; each row is in `compression.csv` before it is yielded.

    It is written last, after the net's file and the rows of `compression_layers.csv`, so that a setting with a row is
    done, whatever may have killed the process.

    Rows of the same method, setting and epoch are replaced, all others of the file stay.

    Args:
        save: also write each compressed net to `compressed/`.
        epochs: whose weights are compressed, in this order; None for the net as it ended.
        missing: leave out settings that are done: whose row, rows by layer and (with `save`) file are there.

    Raises:
        LockedError: another process is at work on the run.
        GenlabError: weights or tables are damaged, or the net cannot be compressed.
    """
    directory = run.directory
    with locked(directory.path.parent, directory.run_id), arithmetic("float32"):
        for folder in {directory.path, *(directory.compressed("any", "", epoch).parent for epoch in (None, *epochs))}:
            remove_leftovers(folder)
        # Before anything is written: what is damaged is told while all is as it was.
        read_table(directory.compression, ROW_COLUMNS)
        read_table(directory.compression_layers, COMPRESSION_LAYER_COLUMNS)
        prepare_processor(run)
        dataset = run.dataset.to(device)
        for epoch in epochs:
            left = [s for s in settings if not (missing and _done(directory, s, epoch, save=save))]
            if missing and not left:
                continue
            model = copy.deepcopy(run.model_at(epoch)).to(device)
            if any(parameter.dtype == torch.float64 for parameter in model.parameters()):
                why = "its weights are float64 because float32 does not hold them, in which compressed nets are stored"
                raise GenlabError(f"{directory.path}: the net cannot be compressed: {why}")
            layers = partial(_write_layers, directory, epoch)
            for found, compressed in compress_subject(model, dataset, left, seed=run.config.seed, note_layers=layers):
                row = found | {"epoch": epoch}
                if save and compressed is not None:
                    path = directory.compressed(row["method"], row["setting"], epoch)
                    save_compressed(path, compressed)
                    row["file"] = str(path.relative_to(directory.path))
                replace_rows(directory.compression, ROW_COLUMNS, [row], COMPRESSION_KEY)
                yield row


def _write_layers(directory: RunDirectory, epoch: int | None, rows: list[dict[str, Any]]) -> None:
    path = directory.compression_layers
    replace_rows(path, COMPRESSION_LAYER_COLUMNS, [row | {"epoch": epoch} for row in rows], COMPRESSION_KEY)


def _done(directory: RunDirectory, setting: Setting, epoch: int | None, *, save: bool) -> bool:
    """Whether a setting has its row and all that this promises; one that could not be compressed has its reason."""
    key = (setting.method, setting.label, cell(epoch))
    row = next((r for r in read_table(directory.compression, ROW_COLUMNS) if key_of(r, COMPRESSION_KEY) == key), None)
    if row is None or row["reason"]:
        return row is not None
    by_layer = read_table(directory.compression_layers, COMPRESSION_LAYER_COLUMNS)
    kept = bool(row["file"]) and (directory.path / row["file"]).is_file()
    return (kept or not save) and any(key_of(r, COMPRESSION_KEY) == key for r in by_layer)


def load_compressed_net(run: FinishedRun, method: str, setting: str, epoch: int | None = None) -> nn.Module:
    """A compressed net of a run as a module, in evaluation mode, on the CPU.

    Args:
        method, setting, epoch: as in `compression.csv`, e.g. "svd_truncation" and "energy=0.9".

    Raises:
        GenlabError: it was not kept, or its file is damaged.
    """
    return load_compressed(run.directory.compressed(method, setting, epoch), run.model, run.dataset.input_shape)
