"""The least solution of a linear system, exactly: least squares of the smallest norm, with or without a ridge."""

import torch
from scipy.linalg import lapack
from torch import Tensor

# Features taken at a time where their products are added up in float64.
AT_ONCE = 1024


def minimum_norm(features: Tensor, targets: Tensor, ridge: float = 0.0) -> Tensor:
    """The w of smallest norm among those that minimise |X w - Y|^2 + ridge |w|^2.

    Zhang et al. 2017 (arXiv:1611.03530), equation (3): w = X^T alpha with X X^T alpha = Y where the rows of X are
    independent. With at least as many features as rows, or a ridge, by the Cholesky factor of X X^T + ridge I or of
    X^T X + ridge I, whichever is smaller; a matrix that has none, and fewer features than rows, by singular values, of
    which those below n times the rounding of float64, relative to the largest, count as zero.

    Args:
        features: X, `[n, D]`, of any floating type; computed in float64.
        targets: Y, `[n, K]`.
        ridge: >= 0.

    Returns:
        w, float64 `[D, K]`, on the device of the features.
    """
    rows, columns = features.shape
    targets = targets.double()
    if rows <= columns or ridge > 0:
        wide = rows <= columns
        product = gram(features if wide else features.T)
        product.diagonal().add_(ridge)
        given = targets if wide else _applied(features.T, targets)
        found = positive_definite_solution(product, given)
        if found is not None:
            return _applied(features.T, found) if wide else found
    # LAPACK's driver with singular values is on the CPU only.
    x, y = features.double().cpu(), targets.cpu()
    if ridge > 0:
        x = torch.cat([x, ridge**0.5 * torch.eye(columns, dtype=torch.float64)])
        y = torch.cat([y, y.new_zeros(columns, y.shape[1])])
    found = torch.linalg.lstsq(x, y, rcond=max(x.shape) * torch.finfo(torch.float64).eps, driver="gelsd").solution
    return found.to(features.device)


def positive_definite_solution(matrix: Tensor, targets: Tensor) -> Tensor | None:
    """The solution of a symmetric positive definite system by its Cholesky factor; None where rounding leaves none.

    Args:
        matrix: float64 `[n, n]`, contiguous; lost. On a CPU the factor takes its place, so that nothing more of its
            size is needed.
        targets: float64 `[n, K]`.
    """
    # What is left of a pivot of n roundings is rounding.
    if matrix.device.type != "cpu":
        factor, info = torch.linalg.cholesky_ex(matrix)
        return None if int(info) or not _well(factor.diagonal()) else torch.cholesky_solve(targets, factor)
    array = matrix.numpy().T  # in the order of LAPACK, and symmetric
    factored, info = lapack.dpotrf(array, lower=1, clean=0, overwrite_a=1)
    if info or not _well(torch.from_numpy(factored.diagonal().copy())):
        return None
    solution, _ = lapack.dpotrs(factored, targets.numpy(), lower=1)
    return torch.from_numpy(solution.copy(order="C"))


def _well(diagonal: Tensor) -> bool:
    pivots = diagonal.square()
    return bool(pivots.min() > len(pivots) * torch.finfo(torch.float64).eps * pivots.max())


def gram(rows: Tensor) -> Tensor:
    """The products of all pairs of rows, float64 `[n, n]`, without a float64 copy of the rows."""
    product = torch.zeros(len(rows), len(rows), dtype=torch.float64, device=rows.device)
    for start in range(0, rows.shape[1], AT_ONCE):
        part = rows[:, start : start + AT_ONCE].double()
        product.addmm_(part, part.T)
    return product


def _applied(matrix: Tensor, vectors: Tensor) -> Tensor:
    """matrix @ vectors in float64, some rows at a time."""
    parts = [matrix[start : start + AT_ONCE].double() @ vectors for start in range(0, len(matrix), AT_ONCE)]
    return torch.cat(parts)
