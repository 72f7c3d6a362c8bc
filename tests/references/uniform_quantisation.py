"""Quantisation on a grid, weight by weight: the nearest of all its values."""

from collections.abc import Sequence


def on_grid(weights: Sequence[float], bits: int) -> list[float]:
    """Each weight as the nearest of 2^bits equally spaced values from the least to the largest."""
    least, largest = min(weights), max(weights)
    grid = [least + (largest - least) * i / (2**bits - 1) for i in range(2**bits)]
    return [min(grid, key=lambda value: abs(value - w)) for w in weights]


def bits_of(weights: int, bits: int, grids: int, biases: int) -> int:
    """A code for each weight, two numbers for each grid, the biases."""
    return weights * bits + 32 * (2 * grids + biases)


def codes_in(data: Sequence[int], width: int, count: int) -> list[int]:
    """Codes of bytes, read bit by bit."""
    text = "".join(f"{byte:08b}" for byte in data)
    return [int(text[i * width : (i + 1) * width] or "0", 2) for i in range(count)]
