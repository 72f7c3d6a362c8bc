"""A preconditioner of a kernel matrix from some of its columns (Nystrom)."""

import torch
from torch import Tensor

# Rows whose products are taken in float64 at a time.
AT_ONCE = 4096


class LandmarkPreconditioner:
    """The inverse of B B^T / s + I, with B B^T = C W^+ C^T the Nystrom approximation of K from some of its columns.

    It takes the large eigenvalues of K to about s and leaves the small ones as they are, so that conjugate gradients
    need as many steps as the spectrum below s asks for. s is the mean of the diagonal of K that B B^T leaves, besides
    the ridge.

    Args:
        columns: C, `[n, m]`, the columns of K at the landmarks.
        landmarks: their positions, int64 `[m]`.
        trace: of K.
        ridge: what is added to the diagonal of K.
    """

    def __init__(self, columns: Tensor, landmarks: Tensor, *, trace: float, ridge: float):
        among = columns[landmarks].double()
        values, vectors = torch.linalg.eigh((among + among.T) / 2)
        kept = values > len(values) * torch.finfo(columns.dtype).eps * values[-1]
        root = (vectors[:, kept] / values[kept].sqrt()).to(columns.dtype)
        self._factor = columns @ root
        product = torch.zeros(root.shape[1], root.shape[1], dtype=torch.float64, device=columns.device)
        for start in range(0, len(columns), AT_ONCE):
            part = self._factor[start : start + AT_ONCE].double()
            product.addmm_(part.T, part)
        left = max(trace - float(product.trace()), 1e-6 * trace) / len(columns)
        product.diagonal().add_(left + ridge)
        self._inner = torch.linalg.cholesky(product)

    def __call__(self, vectors: Tensor) -> Tensor:
        """Of float64 vectors `[n, K]`."""
        within = (self._factor.T @ vectors.to(self._factor.dtype)).double()
        back = torch.cholesky_solve(within, self._inner)
        return vectors - (self._factor @ back.to(self._factor.dtype)).double()
