"""Tensors on disk: weights and checkpoints as safetensors with a checksum, written atomically, never pickle."""

import json
import zlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from genlab.errors import GenlabError
from genlab.rundir.atomic import replacing


def save_tensors(path: Path, tensors: dict[str, Tensor], state: dict[str, Any] | None = None) -> None:
    """Write named tensors and a small JSON state, atomically.

    Args:
        tensors: on any device, of any strides; stored contiguous.
        state: kept in the file's metadata beside a checksum of it and of all tensors.

    Raises:
        GenlabError: the file cannot be written; an older one is untouched.
    """
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = state or {}
    # One key only: safetensors writes several in random order, and equal nets are to be equal files.
    metadata = {"state": json.dumps(content | {"crc32": _checksum(stored, json.dumps(content))})}
    with replacing(path) as temporary:
        try:
            save_file(stored, temporary, metadata=metadata)
        except SafetensorError as error:
            raise OSError(None, str(error)) from error


def load_tensors(path: Path, remedy: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the state of a file written by `save_tensors`, on the CPU.

    Args:
        remedy: what the user can do when the file is damaged; ends the error message.

    Raises:
        GenlabError: the file is missing, truncated, changed or of another format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        state = json.loads(metadata["state"])
        intact = state.pop("crc32") == _checksum(tensors, json.dumps(state))
    except FileNotFoundError:
        raise GenlabError(f"{path}: is missing; {remedy}") from None
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise GenlabError(f"{path}: is damaged or not a genlab file ({_first_line(error)}); {remedy}") from None
    if not intact:
        raise GenlabError(f"{path}: is damaged (its checksum does not match); {remedy}")
    return tensors, state


def load_into(module: torch.nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Copy stored weights and buffers into a net, in place, whatever its device and strides.

    Raises:
        GenlabError: the names or shapes differ; the message names the first that does.
    """
    own = module.state_dict()
    for name in sorted(own.keys() | tensors.keys()):
        if name not in own or name not in tensors or own[name].shape != tensors[name].shape:
            raise GenlabError(
                f"{path}: does not fit the net of this run's config (at {name}); remove it or use --force"
            )
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(tensors[name])


def _checksum(tensors: dict[str, Tensor], state: str) -> int:
    crc = zlib.crc32(state.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        crc = zlib.crc32(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode(), crc)
        if tensor.numel():
            crc = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, crc)
    return crc


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
