"""A random subspace of a space of many dimensions, whose matrix need not fit into memory."""

from collections.abc import Iterator

import torch
from torch import Tensor

from genlab.randomness import generator_for

BLOCK_ROWS = 2**14
KEPT_BYTES = 2**29


class RandomSubspace:
    """A `[size, dimension]` of independent standard normal numbers, each column divided by its length.

    Rows are drawn in blocks, each from its own seed; where the matrix takes more than 512 MiB a block is drawn again
    when it is needed.

    Args:
        size: rows.
        dimension: columns, at most `size`.
        generator: a CPU generator, of which one number is taken.
        device: where the blocks are drawn and lie; a GPU draws others than the CPU.
    """

    def __init__(self, size: int, dimension: int, *, generator: torch.Generator, device: torch.device | str = "cpu"):
        self._size, self._dimension, self._device = size, dimension, device
        self._seed = int(torch.randint(2**62, (), generator=generator))
        fits = 4 * size * dimension <= KEPT_BYTES
        self._kept = dict(enumerate(self._drawn(number) for number in range(self._blocks))) if fits else {}
        self._gram = torch.zeros(dimension, dimension, dtype=torch.float64, device=device)
        for _, block in self._each():
            self._gram += (block.T @ block).double()
        self._lengths = self._gram.diagonal().sqrt()

    def expand(self, y: Tensor) -> Tensor:
        """A y, float32 `[size]`, of y `[dimension]`."""
        scaled = (y.to(self._device).double() / self._lengths).float()
        return torch.cat([block @ scaled for _, block in self._each()])

    def project(self, x: Tensor) -> Tensor:
        """A^T x, float64 `[dimension]`, of x float32 `[size]`."""
        total = torch.zeros(self._dimension, dtype=torch.float64, device=self._device)
        for rows, block in self._each():
            total += (block.T @ x[rows]).double()
        return total / self._lengths

    def coordinates(self, x: Tensor) -> Tensor:
        """A^+ x, the coordinates of the point of the subspace nearest to x, float64 `[dimension]`."""
        gram = self._gram / torch.outer(self._lengths, self._lengths)
        return torch.linalg.solve(gram, self.project(x))

    @property
    def _blocks(self) -> int:
        return -(-self._size // BLOCK_ROWS)

    def _each(self) -> Iterator[tuple[slice, Tensor]]:
        for number in range(self._blocks):
            block = self._kept[number] if self._kept else self._drawn(number)
            yield slice(number * BLOCK_ROWS, number * BLOCK_ROWS + len(block)), block

    def _drawn(self, number: int) -> Tensor:
        rows = min(BLOCK_ROWS, self._size - number * BLOCK_ROWS)
        generator = generator_for(self._seed, "measure", "subspace", number, device=self._device)
        return torch.randn(rows, self._dimension, generator=generator, device=self._device)
