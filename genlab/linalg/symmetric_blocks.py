"""A symmetric matrix in blocks, those that fit into memory kept and the others made anew each time it is applied."""

from collections.abc import Callable

import torch
from torch import Tensor

BLOCK = 2048


class SymmetricBlocks:
    """K as an operator, of which only the blocks on and below the diagonal are ever made.

    Whether a block is kept or made again changes no bit of a result.

    Args:
        block: (rows, columns), two slices, to that part of K, the same bits each time.
        size: n.
        keep_bytes: that kept blocks may take.
    """

    def __init__(self, block: Callable[[slice, slice], Tensor], size: int, *, keep_bytes: int):
        self._block, self._left = block, keep_bytes
        self._kept: dict[tuple[int, int], Tensor] = {}
        parts = [slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK)]
        self._places = [(i, j, rows, parts[j]) for i, rows in enumerate(parts) for j in range(i + 1)]

    def __call__(self, vectors: Tensor, each: Callable[[], None] = lambda: None) -> Tensor:
        """K times vectors, `[n, K]`; sums over blocks in float64, products within one in its own type.

        Args:
            vectors: float64.
            each: called after each block, and may raise.
        """
        result = torch.zeros_like(vectors)
        for i, j, rows, columns in self._places:
            part = self._made(i, j, rows, columns)
            result[rows] += (part @ vectors[columns].to(part.dtype)).double()
            if i != j:
                # Of two ways to write this product the faster one: few columns times a transposed block are slow.
                result[columns] += (vectors[rows].T.to(part.dtype) @ part).T.double()
            each()
        return result

    @property
    def kept(self) -> float:
        """The part of the blocks that is kept, of those seen so far."""
        return len(self._kept) / len(self._places)

    def _made(self, i: int, j: int, rows: slice, columns: slice) -> Tensor:
        if (i, j) in self._kept:
            return self._kept[i, j]
        part = self._block(rows, columns)
        size = part.numel() * part.element_size()
        if size <= self._left:
            self._kept[i, j] = part
            self._left -= size
        return part
