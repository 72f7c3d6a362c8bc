"""A net from a function in a Python file, its weights from a file, and images of a data set by name, to be measured."""

import contextlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from genlab.config.overrides import apply_overrides
from genlab.config.schema.data import DataConfig
from genlab.config.schema.section import Section
from genlab.config.validation import nearest, validated
from genlab.config.yaml_source import parse
from genlab.data.build import build_dataset
from genlab.errors import UsageError
from genlab.measures.computing.measure_model import other_net, subject_on
from genlab.measures.inputs.subject import Subject

# Where training scripts put the state_dict in a checkpoint that has more.
STATE_KEYS = ("state_dict", "model_state_dict", "model", "net")
# What torch.nn.DataParallel writes before every name.
PARALLEL_PREFIX = "module."


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

    Raises:
        UsageError: a file that is not there or not what it should be, weights of another net, unknown keys.
        DataMissingError: images are missing.
    """
    source = parse(f"{{data: {{name: {data}}}}}", "--data")
    apply_overrides(source, overrides)
    config = validated(NetData, source)
    net = _net(model)
    start = None if initial is None else _with_weights(_net(model), initial)
    trained = _with_weights(net, weights)
    dataset = build_dataset(config.data, seed=config.seed, data_dir=data_dir).to(device)
    return subject_on(trained.to(device), dataset, initial=start, seed=config.seed)


def _net(spec: str) -> nn.Module:
    file, colon, name = spec.rpartition(":")
    path = Path(file)
    if not colon or not name.isidentifier() or path.suffix != ".py":
        raise UsageError(f"--model {spec}: is written FILE.py:FUNCTION")
    if not path.is_file():
        raise UsageError(f"--model {spec}: there is no file {path}")
    with _neighbours_importable(path):
        content = _executed(path)
        if name not in content:
            functions = [key for key, value in content.items() if callable(value) and not key.startswith("_")]
            raise UsageError(f"--model {spec}: {path} has no {name}; {nearest(name, sorted(functions))}")
        try:
            net = content[name]()
        except Exception as error:
            raise UsageError(f"--model {spec}: {name}() fails ({_first_line(error)})") from error
    if not isinstance(net, nn.Module):
        raise UsageError(f"--model {spec}: {name}() returns a {type(net).__name__}, not a torch.nn.Module")
    return net


def _executed(path: Path) -> dict[str, Any]:
    """What a Python file defines."""
    found = importlib.util.spec_from_file_location(path.stem, path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"--model {path}: cannot be executed ({_first_line(error)})") from error
    return vars(module)


@contextlib.contextmanager
def _neighbours_importable(path: Path) -> Iterator[None]:
    """A file may import those beside it, as when it is run itself."""
    sys.path.insert(0, str(path.resolve().parent))
    try:
        yield
    finally:
        sys.path.pop(0)


def _with_weights(net: nn.Module, file: str) -> nn.Module:
    state = _state(Path(file))
    problem = other_net(net, state)
    if problem:
        raise UsageError(f"{file}: is of another net than --model gives: {problem}")
    net.load_state_dict(state)
    return net


def _state(path: Path) -> dict[str, Tensor]:
    """The state_dict in a file."""
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    try:
        found: Mapping[str, Any] = load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    except (SafetensorError, OSError) as error:
        raise UsageError(f"{path}: is no safetensors file ({_first_line(error)})") from None
    if not any(isinstance(value, Tensor) for value in found.values()):
        inner = [found[key] for key in STATE_KEYS if isinstance(found.get(key), Mapping)]
        found = {**inner[0]} if inner else found
    if not found or not all(isinstance(value, Tensor) for value in found.values()):
        raise UsageError(f"{path}: holds no state_dict (tensors by name)")
    if all(name.startswith(PARALLEL_PREFIX) for name in found):
        return {name.removeprefix(PARALLEL_PREFIX): tensor for name, tensor in found.items()}
    return dict(found)


def _unpickled(path: Path) -> Mapping[str, Any]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UsageError(f"{path}: cannot be read as tensors ({_first_line(error)})") from None
    if not isinstance(found, Mapping):
        raise UsageError(f"{path}: holds a {type(found).__name__}; save net.state_dict() instead")
    return found


def _first_line(error: Exception) -> str:
    text = " ".join((str(error).splitlines() or [""])[0].split())
    return f"{type(error).__name__}: {text[:200]}"
