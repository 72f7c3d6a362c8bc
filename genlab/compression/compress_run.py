"""Compress one finished run and put the rows and the nets into its directory."""

import copy
from collections.abc import Iterator, Sequence
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
from genlab.rundir.columns import COMPRESSION_KEY
from genlab.rundir.finished import FinishedRun
from genlab.rundir.locks import locked
from genlab.rundir.tables import replace_rows


def compress_run(
    run: FinishedRun,
    settings: Sequence[Setting],
    *,
    device: torch.device,
    save: bool,
    epochs: Sequence[int | None] = (None,),
) -> Iterator[dict[str, Any]]:
    """Compress a run by each setting; each row is in `compression.csv` before it is yielded.

    Rows of the same method, setting and epoch are replaced, all others of the file stay.

    Args:
        save: also write each compressed net to `compressed/`.
        epochs: whose weights are compressed, in this order; None for the net as it ended.

    Raises:
        LockedError: another process is at work on the run.
        GenlabError: weights or tables are damaged, or the net cannot be compressed.
    """
    directory = run.directory
    with locked(directory.path.parent, directory.run_id), arithmetic("float32"):
        for folder in {directory.path, *(directory.compressed("any", "", epoch).parent for epoch in (None, *epochs))}:
            remove_leftovers(folder)
        prepare_processor(run)
        dataset = run.dataset.to(device)
        for epoch in epochs:
            model = copy.deepcopy(run.model_at(epoch)).to(device)
            if any(parameter.dtype == torch.float64 for parameter in model.parameters()):
                why = "its weights are float64 because float32 does not hold them, in which compressed nets are stored"
                raise GenlabError(f"{directory.path}: the net cannot be compressed: {why}")
            for found, compressed in compress_subject(model, dataset, settings, seed=run.config.seed):
                row = found | {"epoch": epoch}
                if save and compressed is not None:
                    path = directory.compressed(row["method"], row["setting"], epoch)
                    save_compressed(path, compressed)
                    row["file"] = str(path.relative_to(directory.path))
                replace_rows(directory.compression, ROW_COLUMNS, [row], COMPRESSION_KEY)
                yield row


def load_compressed_net(run: FinishedRun, method: str, setting: str, epoch: int | None = None) -> nn.Module:
    """A compressed net of a run as a module, in evaluation mode, on the CPU.

    Args:
        method, setting, epoch: as in `compression.csv`, e.g. "svd_truncation" and "energy=0.9".

    Raises:
        GenlabError: it was not kept, or its file is damaged.
    """
    return load_compressed(run.directory.compressed(method, setting, epoch), run.model, run.dataset.input_shape)
