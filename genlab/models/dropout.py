"""Dropout whose random numbers come from a generator that is handed in, and the chain of modules that hands it on."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Sets each activation to zero with probability p and scales the rest by 1/(1-p), in training mode only.

    `nn.Dropout` draws from a global generator, so its masks depend on everything drawn before. This one draws from
    `generator`, which the training loop derives from (seed, "dropout", step).

    Args:
        p: probability of a zero, in [0, 1).
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Raises ValueError in training mode without a generator on the device of x."""
        if not self.training or self.p == 0:
            return x
        if generator is None:
            raise ValueError("dropout in training mode needs a generator")
        keep = torch.rand(x.shape, generator=generator, device=x.device, dtype=torch.float32) >= self.p
        return x * keep / (1 - self.p)

    def extra_repr(self) -> str:
        """For print(model)."""
        return f"p={self.p}"


class Chain(nn.Sequential):
    """Modules one after the other; `generator` goes to the dropout layers among them."""

    def forward(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Output of the last module for a batch x."""
        for module in self:
            x = module(x, generator=generator) if isinstance(module, Dropout | Chain) else module(x)
        return x
