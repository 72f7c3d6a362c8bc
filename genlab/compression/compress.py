"""A net compressed by one setting of one method."""

import torch
from torch import nn

from genlab.compression.chain import coded_further
from genlab.compression.inputs import INPUTS, Subject
from genlab.compression.methods import COMPRESSORS
from genlab.compression.registry import Compressor
from genlab.compression.retraining import retrained
from genlab.compression.settings import Setting
from genlab.compression.structure import Compressed, assemble, check_names, dense_network, layers_by_name
from genlab.config.validation import nearest
from genlab.config.vocabulary import Inputs
from genlab.data.dataset import Dataset
from genlab.errors import UsageError


@torch.no_grad()
def compress_by(setting: Setting, subject: Subject, inputs: Inputs) -> Compressed:
    """The net of a subject compressed by a setting.

    Args:
        inputs: of the subject and `INPUTS`; given again for the next setting, what the two share is computed once.

    Raises:
        UsageError: an unknown method, option or layer, or a setting that the method refuses; one that is to be trained
            again and cannot be.
    """
    method = _method_of(setting)
    check_names(setting.layers or (), subject.layers)
    arguments = {name: inputs.get(name, setting) for name in method.inputs}
    results = method.function(**arguments, **dict(setting.options))
    for index, step in enumerate(setting.then, 1):
        results = coded_further(results, _checked(step), followed=index < len(setting.then))
    stored, dense = {name: layer.stored for name, layer in results.items()}, subject.dense
    if setting.retrain is not None:
        dense, stored = retrained(dense, subject.layers, stored, setting.retrain, subject.dataset, subject.seed)
    original_parameters = _count(subject.dense)
    kept = original_parameters - sum(_count(subject.layers[name]) for name in results)
    return Compressed(
        model=assemble(dense, subject.layers, stored),
        setting=setting,
        layers=stored,
        parameters=kept + sum(layer.parameters for layer in results.values()),
        original_parameters=original_parameters,
        bits=32 * kept + sum(layer.bits for layer in results.values()),
        sizes={name: (layer.parameters, layer.bits) for name, layer in results.items()},
    )


def subject_of(
    model: nn.Module, input_shape: tuple[int, ...], dataset: Dataset | None = None, seed: int | None = None
) -> Subject:
    """The subject of a net as it was trained, batch norm not yet folded; the net is not changed.

    Raises:
        GenlabError: batch norm cannot be folded, or a layer is used twice.
    """
    dense = dense_network(model, input_shape)
    return Subject(dense, layers_by_name(dense, input_shape), tuple(input_shape), dataset, seed)


def compress_model(
    model: nn.Module,
    input_shape: tuple[int, ...],
    setting: Setting,
    *,
    dataset: Dataset | None = None,
    seed: int | None = None,
) -> Compressed:
    """The net with batch norm folded into its weights and its layers compressed.

    All linear and convolutional layers are, the output layer included, unless the setting names some. Computed in
    float64 and given in float32. For several settings of one net `compress_by` saves the work that they share.

    Args:
        model: not changed.
        input_shape: `[channels, height, width]` of one image.
        dataset: for methods that look at images; on the device of the model.
        seed: for methods that draw random numbers.

    Raises:
        GenlabError: batch norm cannot be folded, or a layer is used twice.
        UsageError: as `compress_by`.
    """
    subject = subject_of(model, input_shape, dataset, seed)
    return compress_by(setting, subject, Inputs(subject, INPUTS))


def _checked(step: Setting) -> Setting:
    _method_of(step)
    return step


def _method_of(setting: Setting) -> Compressor:
    if setting.method not in COMPRESSORS:
        raise UsageError(f"no compression method {setting.method!r}; {nearest(setting.method, list(COMPRESSORS))}")
    method = COMPRESSORS[setting.method]
    for name, value in setting.options:
        if name not in method.options:
            raise UsageError(f"{method.name} has no option {name!r}; {nearest(name, list(method.options))}")
        try:
            method.options[name].parse(value)
        except ValueError as error:
            raise UsageError(f"{method.name}: {name}: {error}") from None
    return method


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
