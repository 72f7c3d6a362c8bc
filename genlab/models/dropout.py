"""Dropout whose random numbers come from a generator that is handed in, and the chain of modules that hands it on."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Drawn:
    """Uniform random numbers drawn beforehand, one tensor for each dropout layer in the order they are passed.

    In place of a generator where a forward pass cannot draw itself, as under `torch.func.vmap`.
    """

    def __init__(self, uniforms: Sequence[Tensor]):
        self._left = list(uniforms)

    def take(self) -> Tensor:
        """Those of the next layer."""
        return self._left.pop(0)


class Drawing(nn.Module):
    """A module whose forward pass takes the generator of dropout, as a keyword; what contains it hands it on."""


class Dropout(Drawing):
    """Sets each activation to zero with probability p and scales the rest by 1/(1-p), in training mode only.

    `nn.Dropout` draws from a global generator, so its masks depend on everything drawn before. This one draws from
    `generator`, which the training loop derives from (seed, "dropout", step).

    Args:
        p: probability of a zero, in [0, 1).
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor, *, generator: torch.Generator | Drawn | None = None) -> Tensor:
        """Raises ValueError in training mode without a generator on the device of x."""
        if not self.training or self.p == 0:
            return x
        if generator is None:
            raise ValueError("dropout in training mode needs a generator")
        uniforms = generator.take() if isinstance(generator, Drawn) else uniforms_like(x, generator)
        return x * (uniforms >= self.p) / (1 - self.p)

    def extra_repr(self) -> str:
        """For print(model)."""
        return f"p={self.p}"


def uniforms_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Float32 uniforms in [0, 1) of the shape of x, on its device."""
    return torch.rand(x.shape, generator=generator, device=x.device, dtype=torch.float32)


class Chain(nn.Sequential, Drawing):
    """Modules one after the other; `generator` goes to those among them that take one."""

    def forward(self, x: Tensor, *, generator: torch.Generator | Drawn | None = None) -> Tensor:
        """Output of the last module for a batch x."""
        for module in self:
            x = module(x, generator=generator) if isinstance(module, Drawing) else module(x)
        return x
