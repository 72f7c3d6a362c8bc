"""Vectors made orthonormal to a basis: what the Lanczos methods share."""

import math

import torch
from torch import Tensor

# In units of rounding: what is left of a vector below this is noise.
NOISE = 100


def orthogonalised(vector: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """What is left of a vector after its components along the rows of an orthonormal basis, and those components.

    Two passes of Gram-Schmidt, after which what is left is orthogonal to the basis to rounding.

    Args:
        vector: `[n]`.
        basis: `[k, n]`, k >= 0.

    Returns:
        `[n]` and `[k]`.
    """
    total = torch.zeros(basis.shape[0], dtype=basis.dtype, device=basis.device)
    for _ in range(2):
        components = basis @ vector
        vector = vector - components @ basis
        total = total + components
    return vector, total


def finite_norm(vector: Tensor) -> float:
    """The l2 norm.

    Raises:
        ValueError: it is not finite.
    """
    norm = float(torch.linalg.vector_norm(vector))
    if not math.isfinite(norm):
        raise ValueError("the operator gives values that are not finite")
    return norm


def random_unit_vector(
    size: int, *, generator: torch.Generator, dtype: torch.dtype, device: torch.device | str
) -> Tensor:
    """A direction `[size]` drawn uniformly, on `device` whatever the device of the generator."""
    drawn = torch.randn(size, generator=generator, device=generator.device, dtype=dtype).to(device)
    return drawn / torch.linalg.vector_norm(drawn)
