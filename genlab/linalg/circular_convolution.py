"""The norm of a two-dimensional convolution with circular padding, from its matrices in Fourier space."""

import math

import torch
from torch import Tensor

# Entries of the transformed kernel in memory at once: 256 MiB of complex128.
ENTRIES_AT_ONCE = 2**24


def circular_convolution_norm(
    weight: Tensor,
    input_size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> float:
    """Largest singular value of a convolution on maps of one size whose edges are joined (circular padding); exact.

    The convolution is unitarily equivalent to one matrix `[out, in]` a frequency, the discrete Fourier transform of the
    kernel (Sedghi et al. 2019, Theorem 6); its norm is the largest of theirs. Of each pair of frequencies k and -k one
    is enough, as their matrices are conjugate; and of each matrix the smaller Gram matrix, as only the largest
    eigenvalue is wanted. A kernel larger than the map winds around it. With a stride s, which the paper leaves out, the
    s_h s_w frequencies that sampling cannot tell apart stand side by side in one matrix
    `[out, in s_h s_w]` / sqrt(s_h s_w).

    Where the padding begins does not matter, nor how wide it is: the output is as large as the input over the stride.
    For zero padding this is another operator: see `convolution_operator_norm`.

    Args:
        weight: `[out, in/groups, kernel height, kernel width]`; computed in float64.
        input_size: height and width of the map, multiples of the stride.
        stride, dilation, groups: as in `torch.nn.Conv2d`.

    Raises:
        ValueError: weights that are not finite, or a stride that does not divide the map.
    """
    weight = weight.detach().double()
    if not bool(torch.isfinite(weight).all()):
        raise ValueError("the kernel has weights that are not finite")
    if input_size[0] % stride[0] or input_size[1] % stride[1]:
        raise ValueError(
            f"a stride of {stride[0]}x{stride[1]} does not divide a circular map of {input_size[0]}x{input_size[1]}"
        )
    largest = float(weight.abs().max())
    if largest == 0:
        return 0.0
    # With the largest weight at 1 no square overflows. Groups are blocks on the diagonal.
    blocks = (weight / largest).unflatten(0, (groups, -1))
    frequencies = _half_of_the_frequencies((input_size[0] // stride[0], input_size[1] // stride[1]))
    phases = _phases(frequencies, weight.shape[2:], input_size, stride, dilation)
    return largest * math.sqrt(max(_largest_square(block, phases) for block in blocks))


def _half_of_the_frequencies(size: tuple[int, int]) -> Tensor:
    """One of each pair k and -k of the frequencies of a map, `[frequencies, 2]`."""
    height, width = size
    every = ((row, column) for row in range(height) for column in range(width))
    return torch.tensor([k for k in every if k <= (-k[0] % height, -k[1] % width)])


def _phases(
    frequencies: Tensor,
    kernel_size: torch.Size,
    input_size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Tensor:
    """Angles `[frequencies, s_h s_w, kh kw]` by which each tap is turned at each frequency, in turns."""
    angles = []
    for axis in (0, 1):
        taps = torch.arange(kernel_size[axis]) * dilation[axis]
        # The frequencies of the input that become one frequency of the output.
        aliases = torch.arange(stride[axis]) * (input_size[axis] // stride[axis])
        whole = (frequencies[:, axis, None] + aliases)[:, :, None] * taps
        angles.append((whole % input_size[axis]).double() / input_size[axis])
    rows, columns = angles
    return (rows[:, :, None, :, None] + columns[:, None, :, None, :]).flatten(3, 4).flatten(1, 2)


def _largest_square(weight: Tensor, phases: Tensor) -> float:
    """The largest eigenvalue of the Gram matrices of a kernel `[out, in, kh, kw]` over all frequencies."""
    angles = 2 * math.pi * phases.to(weight.device)
    # Where every phase is a whole or a half turn the matrix is real, and its eigenvalues take a fraction of the time.
    real = (2 * phases == (2 * phases).round()).flatten(1).all(1).to(weight.device)
    # [out, in, taps] to [taps, out in]
    taps = weight.flatten(2).permute(2, 0, 1).flatten(1)
    squares = []
    for part, transform in ((angles[real], _real_transform), (angles[~real], _complex_transform)):
        for chunk in part.split(max(1, ENTRIES_AT_ONCE // (taps.shape[1] * phases.shape[1]))):
            if len(chunk):
                matrices = transform(chunk, taps).unflatten(2, weight.shape[:2])
                # [frequencies, aliases, out, in] to [frequencies, out, aliases in]
                squares.append(_largest_of_grams(matrices.transpose(1, 2).flatten(2) / math.sqrt(phases.shape[1])))
    return max(squares)


def _real_transform(angles: Tensor, taps: Tensor) -> Tensor:
    return angles.cos() @ taps


def _complex_transform(angles: Tensor, taps: Tensor) -> Tensor:
    return torch.complex(angles.cos() @ taps, -angles.sin() @ taps)


def _largest_of_grams(matrices: Tensor) -> float:
    """The largest eigenvalue of A A* over a batch of matrices A `[b, rows, columns]`."""
    conjugates = matrices.mH
    grams = matrices @ conjugates if matrices.shape[1] <= matrices.shape[2] else conjugates @ matrices
    return float(torch.linalg.eigvalsh(grams)[:, -1].max().clamp(min=0))
