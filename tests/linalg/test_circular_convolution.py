import math

import pytest
import torch
import torch.nn.functional as F

from genlab.linalg import circular_convolution
from genlab.linalg.circular_convolution import circular_convolution_norm

# weight shape, input size, stride, dilation, groups
CASES = {
    "3x3": ((4, 3, 3, 3), (6, 6), (1, 1), (1, 1), 1),
    "odd map": ((3, 4, 3, 3), (5, 7), (1, 1), (1, 1), 1),
    "kernel as large as the map": ((3, 2, 3, 3), (3, 3), (1, 1), (1, 1), 1),
    "kernel larger than the map": ((2, 5, 3, 3), (2, 2), (1, 1), (1, 1), 1),
    "map of one point": ((3, 2, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    "rectangular kernel": ((3, 2, 5, 1), (6, 4), (1, 1), (1, 1), 1),
    "1x1": ((5, 4, 1, 1), (4, 6), (1, 1), (1, 1), 1),
    "dilation": ((3, 2, 3, 3), (7, 4), (1, 1), (2, 3), 1),
    "groups": ((6, 2, 3, 3), (5, 6), (1, 1), (1, 1), 3),
    "depthwise": ((4, 1, 3, 3), (6, 5), (1, 1), (1, 1), 4),
    "stride 2": ((4, 3, 5, 5), (8, 6), (2, 2), (1, 1), 1),
    "strides 2 and 3": ((4, 3, 3, 3), (8, 6), (2, 3), (1, 1), 1),
    "strided 1x1": ((3, 3, 1, 1), (4, 4), (2, 2), (1, 1), 1),
    "stride, dilation and groups": ((4, 2, 3, 3), (6, 8), (2, 2), (2, 1), 2),
}


def weight_of(shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def circulant(weight, size, stride, dilation, groups):
    """The dense matrix, entry by entry: each weight is added where its input lies on the joined map."""
    out, fan_in, rows, columns = weight.shape
    height, width = size[0] // stride[0], size[1] // stride[1]
    matrix = torch.zeros(out, height, width, fan_in * groups, *size, dtype=torch.float64)
    for o in range(out):
        first = o // (out // groups) * fan_in
        for y in range(height):
            for x in range(width):
                for i in range(rows):
                    for j in range(columns):
                        row, column = y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]
                        matrix[o, y, x, first : first + fan_in, row % size[0], column % size[1]] += weight[o, :, i, j]
    return matrix.reshape(out * height * width, -1)


@pytest.mark.parametrize("case", CASES)
def test_is_the_norm_of_the_dense_operator(case):
    shape, *rest = CASES[case]
    weight = weight_of(shape)
    expected = float(torch.linalg.svdvals(circulant(weight, *rest))[0])
    assert circular_convolution_norm(weight, *rest) == pytest.approx(expected, rel=1e-12)


def test_is_the_norm_of_the_convolution_of_torch_with_circular_padding():
    weight, size = weight_of((3, 2, 3, 3)), (5, 6)
    units = torch.eye(2 * 5 * 6, dtype=torch.float64).view(-1, 2, 5, 6)
    images = F.conv2d(F.pad(units, (1, 1, 1, 1), mode="circular"), weight).flatten(1)
    expected = float(torch.linalg.svdvals(images)[0])
    assert circular_convolution_norm(weight, size) == pytest.approx(expected, rel=1e-12)


def test_is_not_the_norm_with_zero_padding():
    ones = torch.ones(1, 1, 3, 3)
    assert circular_convolution_norm(ones, (8, 8)) == pytest.approx(9)
    zero_padded = (1 + 2 * math.cos(math.pi / 9)) ** 2
    assert zero_padded < 8.5


def test_the_published_form_of_all_frequencies_agrees():
    """Sedghi et al. 2019: the discrete Fourier transform of the kernel and a full decomposition a frequency."""
    weight = weight_of((16, 8, 3, 3))
    transform = torch.fft.fft2(weight, (16, 16)).permute(2, 3, 0, 1)
    expected = float(torch.linalg.svdvals(transform).max())
    assert circular_convolution_norm(weight, (16, 16)) == pytest.approx(expected, rel=1e-12)


def test_the_size_of_the_chunks_changes_nothing(monkeypatch):
    weight = weight_of((4, 3, 5, 5))
    whole = circular_convolution_norm(weight, (8, 6), (2, 2))
    monkeypatch.setattr(circular_convolution, "ENTRIES_AT_ONCE", 1)
    assert circular_convolution_norm(weight, (8, 6), (2, 2)) == pytest.approx(whole, rel=1e-14)


def test_large_and_small_weights_neither_overflow_nor_vanish():
    weight, plain = weight_of((3, 2, 3, 3)), circular_convolution_norm(weight_of((3, 2, 3, 3)), (5, 5))
    for factor in (1e200, 1e-200):
        assert circular_convolution_norm(weight * factor, (5, 5)) == pytest.approx(plain * factor, rel=1e-12)
    assert circular_convolution_norm(weight * 0, (5, 5)) == 0


def test_what_has_no_norm_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        circular_convolution_norm(torch.full((1, 1, 3, 3), math.nan), (4, 4))
    with pytest.raises(ValueError, match="stride of 2x2 does not divide a circular map of 5x4"):
        circular_convolution_norm(torch.ones(1, 1, 3, 3), (5, 4), (2, 2))
