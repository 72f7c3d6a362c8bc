"""The largest and the smallest eigenvalues of a symmetric operator that is known only by its products with vectors."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.linalg.orthonormal import NOISE, finite_norm, orthogonalised, random_unit_vector

BASIS_SIZE = 120
# What the basis may take; never fewer vectors than a restart needs.
BASIS_BYTES = 2**31
SPARE_VECTORS = 12


@dataclass(frozen=True)
class ExtremeEigenvalues:
    """Eigenvalues at both ends of a spectrum, with what is known of their errors.

    Attributes:
        largest: descending, float64 `[k]`, counted with sign (not by size).
        smallest: ascending, float64 `[l]`, likewise.
        largest_residuals, smallest_residuals: ||A v - value v|| of the unit vector v found for each. Some eigenvalue of
            A lies within the residual of the value; where the next one is further off, the error is of the order of
            the residual squared over that distance.
        scale: the largest |eigenvalue| found; the tolerance is relative to it.
        products: products with A.
        converged: whether every residual is at most the tolerance times the scale.
    """

    largest: Tensor
    smallest: Tensor
    largest_residuals: Tensor
    smallest_residuals: Tensor
    scale: float
    products: int
    converged: bool


def extreme_eigenvalues(
    matvec: Callable[[Tensor], Tensor],
    size: int,
    *,
    largest: int = 1,
    smallest: int = 0,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    tolerance: float = 1e-5,
    max_products: int = 1000,
    basis_size: int = BASIS_SIZE,
) -> ExtremeEigenvalues:
    """Eigenvalues at both ends of the spectrum of a symmetric A by Lanczos from a random vector, thickly restarted.

    Lanczos 1950, restarted as by Wu and Simon 2000: the basis is kept orthonormal by two passes of Gram-Schmidt, and
    when it is full the Ritz vectors at the wanted ends start the next one. It has `basis_size` vectors, fewer where
    these would take more than 2 GiB. A basis that spans the whole space gives all eigenvalues to rounding.

    The random start has a component along every eigenvector, so no value at the ends is passed over but with
    probability zero. Of a repeated eigenvalue one copy is sure to be found; values whose distance is below the
    tolerance are not told apart.

    Args:
        matvec: x `[size]` to A x `[size]`; not asked for whether A is symmetric.
        largest, smallest: how many at each end; no more than `size` are returned.
        generator: of the start vector, on any device.
        tolerance: on the residuals, relative to the largest |eigenvalue|.
        max_products: products with A before giving up; then `converged` is False, and fewer values may have been found.
        basis_size: vectors kept at most.

    Raises:
        ValueError: nothing is asked for, A has size zero, or it gives values that are not finite.
    """
    wanted = min(largest + smallest, size)
    if size < 1 or wanted < 1 or min(largest, smallest) < 0 or max_products < 1:
        raise ValueError(f"no eigenvalues to find: size {size}, {largest} largest, {smallest} smallest wanted")
    bytes_each = size * torch.finfo(dtype).bits // 8
    rows = min(size, max(min(basis_size, BASIS_BYTES // bytes_each), wanted + SPARE_VECTORS))
    basis = torch.empty(rows + 1, size, dtype=dtype, device=device)  # pages that are never filled take no memory
    projected = torch.zeros(rows, rows, dtype=torch.float64)
    basis[0] = random_unit_vector(size, generator=generator, dtype=dtype, device=device)

    filled, products, norm, noise = 0, 0, 0.0, NOISE * torch.finfo(dtype).eps
    while True:
        image, along = orthogonalised(matvec(basis[filled]), basis[: filled + 1])
        products += 1
        beta = finite_norm(image)
        components = along.to("cpu", torch.float64)
        projected[: filled + 1, filled] = projected[filled, : filled + 1] = components
        norm = max(norm, float(torch.hypot(components.norm(), torch.tensor(beta, dtype=torch.float64))))
        filled += 1
        # A maps the basis into itself: its eigenvalues there are eigenvalues of A.
        closed = filled == size or beta <= noise * norm
        values, vectors = torch.linalg.eigh(projected[:filled, :filled])
        residuals = (0.0 if closed else beta) * vectors[-1].abs()
        found = _at_the_ends(values, residuals, min(largest, size), min(smallest, size), products, tolerance)
        enough = filled >= wanted and (closed or found.converged)
        if enough or products >= max_products:
            return found
        if closed:
            # Fewer values than wanted have been met: the others are repeated, and another start finds their copies.
            image = random_unit_vector(size, generator=generator, dtype=dtype, device=device)
            image, _ = orthogonalised(image, basis[:filled])
            beta = finite_norm(image)
        basis[filled] = image / beta
        if filled == rows:
            filled = _restart(basis, projected, values, vectors, largest, smallest)


def _at_the_ends(
    values: Tensor, residuals: Tensor, largest: int, smallest: int, products: int, tolerance: float
) -> ExtremeEigenvalues:
    """From all Ritz values, ascending."""
    top, bottom = values.flip(0)[:largest], values[:smallest]
    of_top, of_bottom = residuals.flip(0)[:largest], residuals[:smallest]
    scale = float(values.abs().max())
    complete = len(top) == largest and len(bottom) == smallest
    worst = float(torch.cat([of_top, of_bottom]).max())
    converged = complete and worst <= tolerance * scale
    return ExtremeEigenvalues(top, bottom, of_top, of_bottom, scale, products, converged)


def _restart(basis: Tensor, projected: Tensor, values: Tensor, vectors: Tensor, largest: int, smallest: int) -> int:
    """Replace a full basis, in place, by the Ritz vectors at the wanted ends and the next vector after them.

    A third of the free vectors are kept besides those that are wanted. The coupling of the next vector to them appears
    when A is applied to it.

    Returns:
        How many Ritz vectors were kept.
    """
    rows = len(values)
    spare = (rows - largest - smallest) // 3
    share = spare * largest // (largest + smallest)
    high = largest + share
    low = smallest + spare - share if smallest else 0
    chosen = torch.cat([torch.arange(low), torch.arange(rows - high, rows)])
    kept = len(chosen)
    basis[:kept] = vectors[:, chosen].T.to(basis) @ basis[:rows]
    basis[kept] = basis[rows]
    projected.zero_()
    projected[:kept, :kept] = torch.diag(values[chosen])
    return kept
