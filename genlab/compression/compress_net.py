"""A net compressed by every setting of a config, each evaluated as soon as it is made."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from genlab.compression.compress import compress_by, subject_of
from genlab.compression.effective_parameters import effective_parameters
from genlab.compression.evaluation import compression_row, empty_row, uncompressed_row
from genlab.compression.inputs import INPUTS
from genlab.compression.layer_errors import layer_rows
from genlab.compression.settings import Setting
from genlab.compression.structure import Compressed, WeightModule, check_names
from genlab.config.vocabulary import Inputs
from genlab.data.dataset import Dataset
from genlab.errors import ConfigError, Problem, UsageError


def compress_subject(
    model: nn.Module,
    dataset: Dataset,
    settings: Sequence[Setting],
    *,
    seed: int,
    note_layers: Callable[[list[dict[str, Any]]], None] | None = None,
) -> Iterator[tuple[dict[str, Any], Compressed | None]]:
    """Rows of `compression.csv` with the nets they are of, each as it is done.

    The first row is of the net itself, with batch norm folded in (method "none", no compressed net). A setting that
    this net cannot be given, or that runs out of memory, gives a row without values that says why; the others go on.
    `seconds` of a row is compression and evaluation; what settings share is counted where it was first needed.

    Args:
        model: not changed; on the device of the data set.
        dataset: with training and test images.
        settings: of `compress_settings`. Their order changes no row.
        seed: of the run; the random numbers of each setting are derived from it.
        note_layers: is given the rows of `layer_rows` of each net before its own row; without it they are not made.

    Yields:
        A row with the keys `ROW_COLUMNS`, and the compressed net or None.

    Raises:
        GenlabError: batch norm cannot be folded, or a layer is used twice.
        ConfigError: settings name layers that the net does not have, a problem for each. They have no rows; it is
            raised after those of all others.
    """
    start = time.perf_counter()
    subject = subject_of(model, dataset.input_shape, dataset, seed)
    problems = _problems(settings, subject.layers)
    inputs = Inputs(subject, INPUTS)
    reference = inputs.get("reference", "the net before compression")
    row = uncompressed_row(reference, dataset)
    effective: dict[str, float | None] = {}
    if note_layers is not None:
        layers = dict(subject.layers)
        effective = effective_parameters(reference.model, layers, subject.input_shape, dataset)
        note_layers(layer_rows(reference.model, None, layers, dataset, effective))
    yield row | {"seconds": time.perf_counter() - start}, None
    for setting in settings:
        if setting in problems:
            continue
        start = time.perf_counter()
        try:
            compressed = compress_by(setting, subject, inputs)
        except (UsageError, torch.linalg.LinAlgError, torch.OutOfMemoryError) as error:
            reason = str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
            yield empty_row(setting.method, setting.label, reason), None
            continue
        row = compression_row(reference, compressed, dataset)
        if note_layers is not None:
            note_layers(layer_rows(reference.model, compressed, subject.layers, dataset, effective))
        yield row | {"seconds": time.perf_counter() - start}, compressed
    if problems:
        raise ConfigError(list(problems.values()))


def _problems(settings: Sequence[Setting], layers: Mapping[str, WeightModule]) -> dict[Setting, Problem]:
    found = {}
    for setting in settings:
        try:
            check_names(setting.layers or (), layers)
        except UsageError as error:
            found[setting] = Problem(f"{setting.where}.layers" if setting.where else "layers", str(error))
    return found
