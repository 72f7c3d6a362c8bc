"""The trace of an operator that is known only by its products with vectors, and of its blocks on the diagonal."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Trace:
    """A trace and how it was found.

    Attributes:
        value: the mean over the probes, or the exact sum of the diagonal.
        standard_error: of that mean; 0 where exact.
        probes: products with the operator.
        exact: whether the diagonal was computed entry by entry.
    """

    value: float
    standard_error: float
    probes: int
    exact: bool


def traces(
    matvec: Callable[[Tensor], Tensor],
    sizes: Sequence[int],
    *,
    probes: int,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> tuple[Trace, list[Trace]]:
    """The trace of A and those of its diagonal blocks, from the same products.

    Hutchinson 1990: with entries of z independently 1 or -1, z^T A z has the trace of A as its mean, and for a
    symmetric A the variance 2 (||A||_F^2 - sum_i A_ii^2); the part of z^T A z in the rows of a block has the trace of
    that block as its mean. The number of probes is fixed beforehand: to stop when two estimates agree is to stop by
    chance. Where A has no more rows than there are probes, unit vectors take their place and the result is exact.

    Args:
        matvec: x of length `sum(sizes)` to A x.
        sizes: of the blocks, in order; together the whole diagonal.
        probes: products with A, at least 2.
        generator: of the probes, on any device.

    Returns:
        The trace of A, and that of each block.

    Raises:
        ValueError: fewer than 2 probes, or values that are not finite.
    """
    if probes < 2:
        raise ValueError(f"a standard error needs at least 2 probes, not {probes}")
    size = sum(sizes)
    exact = size <= probes
    count = size if exact else probes
    ends = list(itertools.accumulate(sizes))
    terms = torch.zeros(count, len(sizes), dtype=torch.float64)
    for i in range(count):
        probe = _unit(i, size, dtype, device) if exact else _signs(size, generator, dtype, device)
        image = matvec(probe)
        for block, (end, length) in enumerate(zip(ends, sizes, strict=True)):
            terms[i, block] = float(probe[end - length : end] @ image[end - length : end])
    if not bool(torch.isfinite(terms).all()):
        raise ValueError("the operator gives values that are not finite")
    return _trace(terms.sum(1), exact), [_trace(terms[:, block], exact) for block in range(len(sizes))]


def _trace(terms: Tensor, exact: bool) -> Trace:
    if exact:
        return Trace(float(terms.sum()), 0.0, len(terms), True)
    return Trace(float(terms.mean()), float(terms.std(correction=1)) / math.sqrt(len(terms)), len(terms), False)


def _signs(size: int, generator: torch.Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    """Independent signs, eight of each random byte: a draw for each can take as long as a product with a net."""
    drawn = torch.randint(256, (-(-size // 8),), generator=generator, device=generator.device, dtype=torch.uint8)
    bits = (drawn[:, None] >> torch.arange(8, device=drawn.device, dtype=torch.uint8)) & 1
    return bits.view(-1)[:size].to(device, dtype).mul_(2).sub_(1)


def _unit(i: int, size: int, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    vector = torch.zeros(size, dtype=dtype, device=device)
    vector[i] = 1
    return vector
