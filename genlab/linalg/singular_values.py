"""All singular values of a dense matrix."""

import torch
from torch import Tensor


def singular_values(matrix: Tensor) -> Tensor:
    """Singular values `[min(rows, columns)]`, largest first, of a matrix `[rows, columns]`.

    By a full decomposition, so that the small ones are right too (to rounding relative to the largest), in the type of
    the matrix. A wide matrix is transposed first: LAPACK takes a fraction of the time for a tall one.

    Raises:
        ValueError: entries that are not finite.
    """
    if not bool(torch.isfinite(matrix).all()):
        raise ValueError("the matrix has entries that are not finite")
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T.contiguous()
    return torch.linalg.svdvals(tall)
