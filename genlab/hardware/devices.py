"""Which device a run trains on, and the arithmetic it uses there."""

import contextlib
from collections.abc import Iterator

import torch

from genlab.errors import ConfigError


def resolve_device(name: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `cuda:N`; auto is the first GPU where there is one.

    Raises:
        ConfigError: there is no such GPU here.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda:0" if gpus else "cpu")
    device = torch.device(name)
    if device.type == "cuda":
        index = device.index or 0
        if index >= gpus:
            raise ConfigError.at("execution.device", f"{name} is not on this machine ({gpus} GPUs); use cpu or auto")
        device = torch.device("cuda", index)
    return device


def require_precision(precision: str, device: torch.device) -> None:
    """Refuse a precision that the device does not have.

    Raises:
        ConfigError: it is tf32, and the device no NVIDIA GPU.
    """
    if precision == "tf32" and device.type != "cuda":
        raise ConfigError.at("training.precision", f"tf32 is of NVIDIA GPUs and this run is on {device}; use float32")


@contextlib.contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """Matrix products and convolutions in full float32, or in tf32 where the precision says so, repeatably.

    torch uses tf32 in convolutions on its own, and picks convolution kernels that add in varying order: both change
    results, so neither is left to a default. The settings of before are put back.
    """
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark
    try:
        matmul.allow_tf32 = cudnn.allow_tf32 = precision == "tf32"
        cudnn.deterministic, cudnn.benchmark = True, False
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = before
