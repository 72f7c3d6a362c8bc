"""How the eigenvalues of a symmetric operator are distributed, from products with vectors."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.linalg.orthonormal import NOISE, finite_norm, orthogonalised

# A matrix is built where it, its transpose, its eigenvectors and their workspace fit in this.
DENSE_BYTES = 2**28
MATRICES = 4


@dataclass(frozen=True)
class Quadrature:
    """Nodes and weights that stand for a spectrum, one set for each probe.

    Attributes:
        nodes: for each probe Ritz values, ascending, float64.
        weights: for each probe as many weights, >= 0, that sum to 1.
        products: products with the operator.
        exact: whether the nodes are all eigenvalues, with equal weights; then there is one set.
    """

    nodes: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]
    products: int
    exact: bool

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest node."""
        return min(float(nodes[0]) for nodes in self.nodes), max(float(nodes[-1]) for nodes in self.nodes)


def lanczos_quadrature(
    matvec: Callable[[Tensor], Tensor],
    size: int,
    *,
    steps: int,
    probes: int,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> Quadrature:
    """The spectrum of a symmetric A as nodes and weights, by stochastic Lanczos quadrature.

    Golub and Meurant 1994; Lin, Saad and Yang 2016, section 3.2.1: `steps` steps of Lanczos from a random direction of
    entries 1 or -1 give as many Ritz values, each with the squared first entry of its eigenvector as weight. The
    weighted sum of any polynomial up to degree 2 steps - 1 over them is that of the direction itself, whose mean over
    directions is the mean of the polynomial over all eigenvalues. The basis is kept orthonormal, which takes the memory
    of `steps` vectors and lets no eigenvalue appear twice.

    Where A has no more rows than `steps` times `probes` and its matrix takes little memory (up to 2896 rows in
    float64), it is built instead and the spectrum is exact.

    Args:
        matvec: x `[size]` to A x `[size]`.
        steps: nodes for each probe, at least 2.
        probes: random directions, at least 1.
        generator: of the directions, on any device.

    Raises:
        ValueError: too few steps or probes, size zero, or values that are not finite.
    """
    if size < 1 or steps < 2 or probes < 1:
        raise ValueError(f"a density needs size >= 1, steps >= 2, probes >= 1, not {size}, {steps}, {probes}")
    if size <= steps * probes and MATRICES * dtype.itemsize * size**2 <= DENSE_BYTES:
        values = torch.linalg.eigvalsh(_dense(matvec, size, dtype, device)).to("cpu", torch.float64)
        return Quadrature((values,), (torch.full((size,), 1 / size, dtype=torch.float64),), size, True)
    nodes, weights, products = [], [], 0
    for _ in range(probes):
        signs = 2 * torch.randint(0, 2, (size,), generator=generator, device=generator.device) - 1
        projected = _tridiagonal(matvec, signs.to(device, dtype) / math.sqrt(size), steps)
        values, vectors = torch.linalg.eigh(projected)
        nodes.append(values)
        weights.append(vectors[0].square())
        products += len(values)
    return Quadrature(tuple(nodes), tuple(weights), products, False)


def smoothed_density(quadrature: Quadrature, grid: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """The density of eigenvalues at the points of a grid, each eigenvalue spread to a normal distribution.

    Args:
        grid: float64 `[points]`.
        sigma: standard deviation of the normal distribution, in the unit of the eigenvalues, > 0.

    Returns:
        The density, whose integral is 1, and its standard error over the probes (0 where exact, NaN where there is
        only one probe), each `[points]`.
    """
    factor = 1 / (sigma * math.sqrt(2 * math.pi))

    def spread(nodes: Tensor) -> Tensor:
        return factor * torch.exp(-0.5 * ((grid[:, None] - nodes) / sigma) ** 2)

    return _over_probes(quadrature, spread)


def cumulative_share(quadrature: Quadrature, grid: Tensor) -> tuple[Tensor, Tensor]:
    """The share of eigenvalues at or below each point of a grid, not smoothed, and its standard error, likewise."""
    return _over_probes(quadrature, lambda nodes: (nodes <= grid[:, None]).double())


def _over_probes(quadrature: Quadrature, kernel: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    pairs = zip(quadrature.nodes, quadrature.weights, strict=True)
    each = torch.stack([kernel(nodes) @ weights for nodes, weights in pairs])
    if quadrature.exact:
        return each[0], torch.zeros_like(each[0])
    error = each.std(0, correction=1) if len(each) > 1 else torch.full_like(each[0], math.nan)
    return each.mean(0), error / math.sqrt(len(each))


def _tridiagonal(matvec: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> Tensor:
    """A projected on the first Krylov vectors of a unit vector, `[k, k]`, k <= steps where these close."""
    size, noise = len(start), NOISE * torch.finfo(start.dtype).eps
    steps = min(steps, size)
    basis = torch.zeros(steps, size, dtype=start.dtype, device=start.device)
    projected = torch.zeros(steps, steps, dtype=torch.float64)
    basis[0] = start
    for j in range(steps):
        image, along = orthogonalised(matvec(basis[j]), basis[: j + 1])
        components = along.to("cpu", torch.float64)
        projected[: j + 1, j] = projected[j, : j + 1] = components
        beta = finite_norm(image)
        if beta <= noise * float(components.norm()):
            return projected[: j + 1, : j + 1]
        if j + 1 < steps:
            basis[j + 1] = image / beta
    return projected


def _dense(matvec: Callable[[Tensor], Tensor], size: int, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    """The matrix, its two triangles averaged."""
    columns = [matvec(unit) for unit in torch.eye(size, dtype=dtype, device=device)]
    matrix = torch.stack(columns)
    if not bool(torch.isfinite(matrix).all()):
        raise ValueError("the operator gives values that are not finite")
    return (matrix + matrix.T) / 2
