"""A net from a function in a Python file, its weights from a file, and images of a data set by name, to be measured."""

import contextlib
import importlib.util
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from genlab.config.overrides import apply_overrides
from genlab.config.schema.data import DataConfig
from genlab.config.schema.section import Section
from genlab.config.validation import nearest, validated
from genlab.config.yaml_source import parse
from genlab.data.build import build_dataset
from genlab.data.normalisation import Normalisation
from genlab.errors import UsageError
from genlab.measures.computing.measure_model import subject_on
from genlab.measures.computing.state_dicts import NoStateError, find_state
from genlab.measures.inputs.subject import Subject
from genlab.models.plain import unwrapped


class NetData(Section):
    """What of a train config says which images a net is measured on."""

    data: DataConfig = Field(description="Images and labels.")
    seed: int = Field(0, ge=0, description="Of the corruption, the subset and the random vectors.")


def subject_from_files(
    model: str,
    weights: str,
    data: str,
    overrides: Sequence[str] = (),
    *,
    initial: str | None = None,
    key: str | None = None,
    loss: str | None = None,
    normalisation: str | None = None,
    say: Callable[[str], None] = lambda line: None,
    data_dir: Path,
    device: torch.device,
) -> Subject:
    """A net and the training images of a data set, to be measured.

    Args:
        model: `FILE.py:FUNCTION`, a function without arguments that returns the net. The file is executed.
        weights: a state_dict, as safetensors or by `torch.save`; of the latter only tensors are read.
        data: name of a data set.
        overrides: `data.KEY=VALUE` or `seed=N` each, as of `genlab train`.
        initial: weights at initialisation, likewise.
        key: which of several nets in the file of weights, by the keys on the way to it, as `state_dict.model`.
        loss: `FILE.py:FUNCTION`, a function of outputs and labels; the cross-entropy where it is not given.
        normalisation: mean and standard deviation of each channel on the scale [0, 1], as `0.49,0.48,0.45/0.2,0.2,0.2`,
            in place of `data.normalisation`.
        say: told where more than one net of the file would do.

    Raises:
        UsageError: a file that is not there or not what it should be, weights of another net, unknown keys.
        DataMissingError: images are missing.
    """
    source = parse(f"{{data: {{name: {data}}}}}", "--data")
    apply_overrides(source, overrides)
    config = validated(NetData, source)
    net = _net(model)
    start = None if initial is None else _with_weights(_net(model), initial, None, say)
    trained = _with_weights(net, weights, key, say)
    dataset = build_dataset(config.data, seed=config.seed, data_dir=data_dir)
    if normalisation is not None:
        dataset = replace(dataset, normalisation=_normalisation(normalisation, dataset.input_shape[0]))
    own_loss = F.cross_entropy if loss is None else _defined("--loss", loss)
    return subject_on(trained.to(device), dataset.to(device), initial=start, loss=own_loss, seed=config.seed)


def _net(spec: str) -> nn.Module:
    build = _defined("--model", spec)
    name = spec.rpartition(":")[2]
    try:
        with _neighbours_importable(Path(spec.rpartition(":")[0])):
            net = build()
    except (Exception, SystemExit) as error:
        raise UsageError(f"--model {spec}: {name}() fails ({_first_line(error)})") from error
    if not isinstance(net, nn.Module):
        raise UsageError(f"--model {spec}: {name}() returns a {type(net).__name__}, not a torch.nn.Module")
    return net


def _defined(option: str, spec: str) -> Callable[..., Any]:
    """The function that `FILE.py:FUNCTION` names."""
    file, colon, name = spec.rpartition(":")
    path = Path(file)
    if not colon or not name.isidentifier() or path.suffix != ".py":
        raise UsageError(f"{option} {spec}: is written FILE.py:FUNCTION")
    if not path.is_file():
        raise UsageError(f"{option} {spec}: there is no file {path}")
    with _neighbours_importable(path):
        content = _executed(option, path)
    functions = [key for key, value in content.items() if callable(value) and not key.startswith("_")]
    if name not in content:
        raise UsageError(f"{option} {spec}: {path} has no {name}; {nearest(name, sorted(functions))}")
    if not callable(content[name]):
        raise UsageError(f"{option} {spec}: {name} is no function")
    return content[name]


def _normalisation(text: str, channels: int) -> Normalisation:
    try:
        mean, std = (torch.tensor([float(number) for number in part.split(",")]).double() for part in text.split("/"))
    except ValueError:
        raise UsageError(f"--normalisation {text}: is written MEAN,MEAN,.../STD,STD,...") from None
    if len(mean) != channels or len(std) != channels or not bool((std > 0).all()):
        raise UsageError(
            f"--normalisation {text}: must be {channels} means and {channels} positive deviations, one for each channel"
        )
    return Normalisation("dataset", mean, std)


def _executed(option: str, path: Path) -> dict[str, Any]:
    """What a Python file defines."""
    found = importlib.util.spec_from_file_location(path.stem, path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{option} {path}: cannot be executed ({_first_line(error)})") from error
    return vars(module)


@contextlib.contextmanager
def _neighbours_importable(path: Path) -> Iterator[None]:
    """A file may import those beside it, as when it is run itself."""
    sys.path.insert(0, str(path.resolve().parent))
    try:
        yield
    finally:
        sys.path.pop(0)


def _with_weights(net: nn.Module, file: str, key: str | None, say: Callable[[str], None]) -> nn.Module:
    net = unwrapped(net)
    try:
        found, labels = find_state(_content(Path(file)), net, key)
    except NoStateError as why:
        raise UsageError(f"{file}: {why}") from None
    if len(labels) > 1 and key is None:
        others = ", ".join(label or "the file itself" for label in labels if label != found.label)
        say(f"{file}: the weights at {found.label or 'the file itself'} are taken; --key chooses among it and {others}")
    try:
        net.load_state_dict(found.state)
    except RuntimeError as error:
        raise UsageError(f"{file}: does not fit the net of --model ({_first_line(error)})") from None
    return net


def _content(path: Path) -> Mapping[Any, Any]:
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    try:
        return load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    except (SafetensorError, OSError) as error:
        raise UsageError(f"{path}: is no safetensors file ({_first_line(error)})") from None


def _unpickled(path: Path) -> Mapping[Any, Any]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # Not torch's words: their advice, to load it all the same, is how a file runs its code.
        if "Unsupported global" in str(error) or "Unsupported class" in str(error):
            raise UsageError(
                f"{path}: holds objects other than tensors, which are not read because they could run code; save "
                "net.state_dict() instead"
            ) from None
        raise UsageError(f"{path}: cannot be read as tensors (it is no file of torch.save, or damaged)") from None
    except Exception as error:
        raise UsageError(f"{path}: cannot be read as tensors ({_first_line(error)})") from None
    if not isinstance(found, Mapping):
        raise UsageError(f"{path}: holds a {type(found).__name__}; save net.state_dict() instead")
    return found


def _first_line(error: BaseException) -> str:
    text = " ".join((str(error).splitlines() or [""])[0].split())
    return f"{type(error).__name__}: {text[:200]}"
