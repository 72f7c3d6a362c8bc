"""Frobenius norms of the Jacobians J^{i,j} of x^i to x^j between all layers of a chain, and J^{i,j} x^i, at images.

Row by row: a vector-Jacobian product with the k-th unit vector of x^j, pulled back through the net, gives row k of
J^{i,j} for every i < j on its way. So one sweep from each j serves all layers below it. Where x^j has many numbers,
random signs z take the place of unit vectors: E ||J^T z||^2 = ||J||_F^2 (Hutchinson 1990).

Between neighbours no sweep is needed. There J = A D, D being the Jacobian of phi, and if no number of x^i reaches two
numbers of phi(x^i), ||A D||_F^2 = sum_m (D^T a)_m (D^T 1)_m with a the sums of squares of A's columns: two products.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.measures.inputs.layer_chain import LayerChain, Stage, column_squares
from genlab.measures.inputs.layer_norms import norms_of


@dataclass(frozen=True)
class JacobianNorms:
    """Of one pair of layers i < j, at `n` images; all float64 `[n]`.

    Attributes:
        frobenius: ||J||_F.
        relative_error: standard error of ||J||_F^2 over ||J||_F^2; 0 where exact.
        products: vector-Jacobian products that it was made of.
        exact: whether it is no estimate.
        spread: of a convolution i, the least beta with ||J restricted to one cell of x^i||_F <= beta ||J||_F /
            sqrt(cells), at all cells; 1 where x^i has no cells.
        pushed: ||J x^i||.
        start: ||x^i||.
        cells: of x^i: height times width, or 1.
    """

    frobenius: Tensor
    relative_error: Tensor
    products: int
    exact: bool
    spread: Tensor
    pushed: Tensor
    start: Tensor
    cells: int


@dataclass
class _Sum:
    """Squares of Jacobian entries of one batch, summed over products.

    Attributes:
        by_cell: of x^i, `[b, cells]`.
        of_squares: of each product the square of its sum over cells, `[b]`; None where they are exact.
        products: how many.
    """

    by_cell: Tensor
    of_squares: Tensor | None
    products: int


Pairs = dict[tuple[int, int], JacobianNorms]


def jacobian_norms(chain: LayerChain, batches: Iterable[Tensor], *, probes: int, exact_up_to: int, seed: int) -> Pairs:
    """By pair (i, j) of layers, counted from 0, the norms at all images.

    Args:
        batches: of images `[b, channels, height, width]`.
        probes: random sign vectors, at least 2, the same for all images.
        exact_up_to: numbers of x^j up to which each gets its own product; also where they are not more than probes.
        seed: of the signs.
    """
    parts: dict[tuple[int, int], list[JacobianNorms]] = {}
    squares: dict[int, Tensor] = {}
    for images in batches:
        signs = torch.Generator().manual_seed(seed)
        for pair, found in _of_batch(chain, images, squares, probes, exact_up_to, signs).items():
            parts.setdefault(pair, []).append(found)
    return {pair: _joined(found) for pair, found in parts.items()}


def _of_batch(
    chain: LayerChain, images: Tensor, squares: dict[int, Tensor], probes: int, exact_up_to: int, signs: torch.Generator
) -> Pairs:
    """Of some images; `squares` keeps the sums of squares of columns, by layer, from one batch to the next."""
    with torch.enable_grad():
        with torch.no_grad():
            first = chain.stages[0](images)
        vectors = [first.requires_grad_()]
        sums: dict[tuple[int, int], _Sum] = {}
        for j, stage in enumerate(chain.stages[1:], start=1):
            inside = stage.incoming(vectors[-1])
            vectors.append(stage.layer(inside))
            lower = vectors[:-1]
            if stage.is_disjoint:
                sums[j - 1, j] = _between_neighbours(stage, j, vectors[j - 1], squares)
                lower.pop()
            if lower:
                products = _products(stage.layer, inside, probes, exact_up_to, signs)
                found = _sweep(lower, inside, products)
                sums |= {(i, j): one for i, one in enumerate(found)}
    vectors = [vector.detach() for vector in vectors]
    result = {}
    with torch.no_grad():
        for i, x in enumerate(vectors):
            for j, pushed in chain.pushed(i, x, x):
                result[i, j] = _norms(sums[i, j], x, pushed)
    return result


def _between_neighbours(stage: Stage, j: int, x: Tensor, squares: dict[int, Tensor]) -> _Sum:
    start = x.detach().requires_grad_()
    inside = stage.incoming(start)
    if j not in squares:
        squares[j] = column_squares(stage.layer, tuple(inside.shape[1:]))
    weighted, plain = (
        torch.autograd.grad(inside, start, into.expand_as(inside), retain_graph=True)[0]
        for into in (squares[j], torch.ones_like(inside))
    )
    return _Sum(_by_cell(weighted, plain), None, 2)


@dataclass(frozen=True)
class _Products:
    """Vectors on what a layer is given, each A^T times a vector on what it gives: the same for all images.

    Attributes:
        count: how many there are.
        exact: whether the vectors behind A are all unit vectors, not signs.
    """

    vectors: Iterator[Tensor]
    count: int
    exact: bool


def _products(
    layer: nn.Linear | nn.Conv2d, inside: Tensor, probes: int, exact_up_to: int, signs: torch.Generator
) -> _Products:
    """Of one layer; A^T is taken of one image, for it is the same at all."""
    given = torch.zeros_like(inside[:1], requires_grad=True)
    output = layer(given)
    size = output.numel()
    exact = size <= max(exact_up_to, probes)
    into = (_unit(k, output) for k in range(size)) if exact else (_signs(output, signs) for _ in range(probes))
    pulled = (torch.autograd.grad(output, given, vector, retain_graph=True)[0] for vector in into)
    return _Products(pulled, size if exact else probes, exact)


def _sweep(lower: list[Tensor], inside: Tensor, products: _Products) -> list[_Sum]:
    """Of J^{i,j} for each of the lower vectors x^i, from the same products; `inside` is phi(x^{j-1})."""
    sums: list[_Sum] = []
    for vector in products.vectors:
        rows = torch.autograd.grad(inside, lower, vector.expand_as(inside), retain_graph=True)
        by_cells = [_by_cell(row, row) for row in rows]
        wholes = [None if products.exact else by_cell.sum(1).square() for by_cell in by_cells]
        if not sums:
            sums = [_Sum(*both, products.count) for both in zip(by_cells, wholes, strict=True)]
            continue
        for one, by_cell, whole in zip(sums, by_cells, wholes, strict=True):
            one.by_cell += by_cell
            if whole is not None and one.of_squares is not None:
                one.of_squares += whole
    return sums


def _norms(found: _Sum, x: Tensor, pushed: Tensor) -> JacobianNorms:
    count = 1 if found.of_squares is None else found.products
    by_cell = found.by_cell / count
    whole = by_cell.sum(1)
    error = torch.zeros_like(whole)
    if found.of_squares is not None:
        variance = (found.of_squares / count - whole.square()).clamp(min=0) * count / (count - 1)
        error = (variance / count).sqrt() / whole
    return JacobianNorms(
        frobenius=whole.sqrt(),
        relative_error=error,
        products=found.products,
        exact=found.of_squares is None,
        spread=(by_cell.amax(1) * by_cell.shape[1] / whole).sqrt(),
        pushed=norms_of(pushed),
        start=norms_of(x),
        cells=by_cell.shape[1],
    )


def _joined(parts: list[JacobianNorms]) -> JacobianNorms:
    first = parts[0]
    tensors = [
        torch.cat([getattr(part, name) for part in parts])
        for name in ("frobenius", "relative_error", "spread", "pushed", "start")
    ]
    frobenius, error, spread, pushed, start = tensors
    return JacobianNorms(frobenius, error, first.products, first.exact, spread, pushed, start, first.cells)


def _by_cell(one: Tensor, other: Tensor) -> Tensor:
    """Products of `[b, channels, height, width]` summed over channels `[b, cells]`, others over all `[b, 1]`."""
    if one.dim() == 4:
        return (one * other).sum(1).flatten(1)
    return torch.linalg.vecdot(one.flatten(1), other.flatten(1))[:, None]


def _unit(k: int, like: Tensor) -> Tensor:
    vector = torch.zeros(like.numel(), dtype=like.dtype, device=like.device)
    vector[k] = 1
    return vector.view_as(like)


def _signs(like: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.randint(2, (like.numel(),), generator=generator, dtype=torch.int8)
    return (2 * drawn.to(like) - 1).view_as(like)
