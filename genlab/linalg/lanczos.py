"""The largest singular value of a linear operator that is known only by its products with vectors."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.linalg.orthonormal import NOISE, finite_norm, orthogonalised, random_unit_vector

BASIS_SIZE = 120
KEPT_AT_RESTART = 20
CHECK_INTERVAL = 5


@dataclass(frozen=True)
class SingularValue:
    """A largest singular value with what is known of its error.

    Attributes:
        value: the estimate, >= 0; a Ritz value never exceeds the true one (but for rounding).
        residual: ||A^T u - value v|| of the unit vectors u, v found, with A v = value u. Some singular value of A lies
            within `residual` of `value`; where the next one is further off than that, the error of `value` is of the
            order of the residual squared over its distance. 0 where the value comes from a full decomposition.
        iterations: products with A (as many with A^T); 0 for a full decomposition.
        converged: whether the residual is at most the tolerance times the value.
    """

    value: float
    residual: float
    iterations: int
    converged: bool


def largest_singular_value(
    matvec: Callable[[Tensor], Tensor],
    rmatvec: Callable[[Tensor], Tensor],
    shape: tuple[int, int],
    *,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    tolerance: float = 1e-10,
    max_iterations: int = 2000,
) -> SingularValue:
    """Largest singular value of A by Golub-Kahan-Lanczos bidiagonalisation from a random vector, thickly restarted.

    Golub and Kahan 1965, restarted as by Baglama and Reichel 2005: both bases are kept orthonormal by two passes of
    Gram-Schmidt, and when the basis is full (120 vectors) the leading 20 Ritz vectors start the next one. So memory is
    120 vectors of each side however long it takes.

    The random start has a component along every singular vector, so the largest is not missed but with probability
    zero. But values that agree to many digits are told apart late: of largest values whose relative gap is below about
    100 times the tolerance, any may be returned.

    Args:
        matvec: x of length `shape[1]` to A x of length `shape[0]`.
        rmatvec: y of length `shape[0]` to A^T y of length `shape[1]`.
        shape: `(rows, columns)` of A.
        generator: of the start vector, on any device.
        tolerance: on the residual relative to the value.
        max_iterations: products with A before giving up; then `converged` is False.

    Raises:
        ValueError: A has a dimension of size zero, or gives values that are not finite.
    """
    rows, columns = shape
    if min(shape) < 1:
        raise ValueError(f"an operator of shape {rows} x {columns} has no singular values")
    size = min(BASIS_SIZE, columns)
    left = torch.zeros(size, rows, dtype=dtype, device=device)
    right = torch.zeros(size + 1, columns, dtype=dtype, device=device)
    projected = torch.zeros(size, size, dtype=torch.float64)
    right[0] = random_unit_vector(columns, generator=generator, dtype=dtype, device=device)

    filled, iterations, scale, noise = 0, 0, 0.0, NOISE * torch.finfo(dtype).eps
    while True:
        image, along_left = orthogonalised(matvec(right[filled]), left[:filled])
        iterations += 1
        alpha = finite_norm(image)
        scale = max(scale, math.hypot(alpha, float(along_left.norm())))
        projected[:filled, filled] = along_left.to("cpu", torch.float64)
        if alpha <= noise * scale:
            # A maps the right basis into the left one: its singular values there are singular values of A.
            value = float(torch.linalg.svdvals(projected[:filled, : filled + 1])[0]) if filled else 0.0
            return SingularValue(value, alpha, iterations, alpha <= tolerance * value)
        projected[filled, filled] = alpha
        left[filled] = image / alpha
        back, _ = orthogonalised(rmatvec(left[filled]), right[: filled + 1])
        beta = finite_norm(back)
        filled += 1
        closed = beta <= noise * scale
        last = closed or iterations >= max_iterations
        if not closed:
            right[filled] = back / beta
        if not (last or filled == size or filled % CHECK_INTERVAL == 0):
            continue
        p, sigma, q = torch.linalg.svd(projected[:filled, :filled])
        value, residual = float(sigma[0]), beta * abs(float(p[filled - 1, 0]))
        if last or residual <= tolerance * value:
            return SingularValue(value, residual, iterations, residual <= tolerance * value)
        if filled == size:
            kept = min(KEPT_AT_RESTART, size - 1)
            _restart(left, right, p[:, :kept].T.to(left), q[:kept].to(right))
            projected.zero_()
            projected[:kept, :kept] = torch.diag(sigma[:kept])
            filled = kept


def _restart(left: Tensor, right: Tensor, left_ritz: Tensor, right_ritz: Tensor) -> None:
    """Replace the bases, in place, by their leading Ritz vectors and, on the right, the next vector after them.

    The coupling of that vector to the kept left ones appears when A is applied to it.
    """
    kept, size = left_ritz.shape
    left[:kept] = left_ritz @ left
    right[:kept] = right_ritz @ right[:size]
    right[kept] = right[size]
