import math

import pytest
import torch
import torch.nn.functional as F

from genlab.linalg import conv_spectrum
from genlab.linalg.conv_spectrum import ConvolutionOperator, convolution_operator_norm

# weight shape, input size, stride, padding, dilation, groups
CASES = {
    "padded": ((4, 3, 3, 3), (6, 6), (1, 1), (1, 1), (1, 1), 1),
    "unpadded": ((4, 3, 3, 3), (6, 6), (1, 1), (0, 0), (1, 1), 1),
    "stride 2": ((4, 3, 3, 3), (8, 8), (2, 2), (1, 1), (1, 1), 1),
    "stride 2, rows left over": ((2, 3, 3, 3), (8, 7), (2, 3), (0, 0), (1, 1), 1),
    "rectangular map and kernel": ((3, 2, 1, 5), (4, 9), (1, 2), (0, 2), (1, 1), 1),
    "groups": ((6, 2, 3, 3), (5, 6), (1, 1), (1, 1), (1, 1), 3),
    "depthwise": ((4, 1, 3, 3), (6, 5), (2, 1), (1, 1), (1, 1), 4),
    "dilation": ((3, 2, 3, 3), (9, 8), (1, 2), (2, 1), (2, 1), 1),
    "1x1": ((5, 4, 1, 1), (4, 6), (1, 1), (0, 0), (1, 1), 1),
    "wide padding": ((2, 2, 3, 3), (3, 3), (1, 1), (3, 3), (1, 1), 1),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def operator_of(case):
    shape, *rest = CASES[case]
    return ConvolutionOperator(torch.randn(*shape, dtype=torch.float64, generator=generator()), *rest)


def matrix_column_by_column(operator):
    """The dense matrix from torch's own convolution of one unit map at a time."""
    columns = []
    for index in range(math.prod(operator.input_shape)):
        unit = torch.zeros(math.prod(operator.input_shape), dtype=torch.float64)
        unit[index] = 1
        image = F.conv2d(
            unit.view(1, *operator.input_shape),
            operator.weight,
            None,
            operator.stride,
            operator.padding,
            operator.dilation,
            operator.groups,
        )
        columns.append(image.flatten())
    return torch.stack(columns, dim=1)


def norm(operator, **settings):
    return convolution_operator_norm(
        operator.weight,
        operator.input_size,
        operator.stride,
        operator.padding,
        operator.dilation,
        operator.groups,
        generator=generator(1),
        **settings,
    )


@pytest.mark.parametrize("case", CASES)
def test_the_operator_is_the_convolution(case):
    operator = operator_of(case)
    expected = matrix_column_by_column(operator)
    assert operator.shape == tuple(expected.shape)
    torch.testing.assert_close(operator.matrix(), expected)


@pytest.mark.parametrize("case", CASES)
def test_the_transpose_is_the_transpose(case):
    operator = operator_of(case)
    outputs = torch.randn(3, operator.shape[0], dtype=torch.float64, generator=generator(2))
    torch.testing.assert_close(operator.apply_transpose(outputs), outputs @ matrix_column_by_column(operator))


@pytest.mark.parametrize("dense_size", [0, 10_000])
@pytest.mark.parametrize("case", CASES)
def test_the_norm_is_that_of_the_dense_matrix(case, dense_size, monkeypatch):
    monkeypatch.setattr(conv_spectrum, "DENSE_SIZE", dense_size)
    operator = operator_of(case)
    found = norm(operator)
    expected = float(torch.linalg.svdvals(matrix_column_by_column(operator))[0])
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert found.converged
    assert (found.iterations == 0) == (dense_size > 0)


def test_a_1x1_convolution_has_the_norm_of_its_matrix():
    weight = torch.randn(6, 5, 1, 1, dtype=torch.float64, generator=generator())
    found = convolution_operator_norm(weight, (7, 9), generator=generator())
    assert found.value == pytest.approx(float(torch.linalg.svdvals(weight[:, :, 0, 0])[0]), rel=1e-12)


def test_a_map_as_large_as_the_kernel_gives_the_reshaped_kernel():
    weight = torch.randn(6, 5, 3, 4, dtype=torch.float64, generator=generator())
    found = convolution_operator_norm(weight, (3, 4), generator=generator())
    assert found.value == pytest.approx(float(torch.linalg.svdvals(weight.flatten(1))[0]), rel=1e-12)


def test_strides_without_overlap_give_the_reshaped_kernel():
    weight = torch.randn(6, 5, 2, 2, dtype=torch.float64, generator=generator())
    found = convolution_operator_norm(weight, (8, 6), (2, 2), generator=generator())
    assert found.value == pytest.approx(float(torch.linalg.svdvals(weight.flatten(1))[0]), rel=1e-12)


def test_three_equal_weights_along_a_line_have_the_norm_of_a_path_graph():
    # The matrix is 1 + adjacency of a path of n points, whose largest eigenvalue is 1 + 2 cos(pi / (n + 1)).
    n = 12
    found = convolution_operator_norm(torch.ones(1, 1, 1, 3), (1, n), padding=(0, 1), generator=generator())
    assert found.value == pytest.approx(1 + 2 * math.cos(math.pi / (n + 1)), rel=1e-12)


def test_a_large_layer_converges_to_the_closed_form():
    # A kernel that is an outer product has the norm of its channel matrix times that of its shape on the map.
    channels = torch.randn(40, 30, dtype=torch.float64, generator=generator())
    weight = channels[:, :, None, None] * torch.ones(3, 3, dtype=torch.float64)
    found = convolution_operator_norm(weight, (16, 20), padding=(1, 1), generator=generator())
    line = (1 + 2 * math.cos(math.pi / 17)) * (1 + 2 * math.cos(math.pi / 21))
    assert found.iterations > 0
    assert found.converged
    assert found.value == pytest.approx(float(torch.linalg.svdvals(channels)[0]) * line, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-160, 1e160])
def test_tiny_and_huge_weights_neither_vanish_nor_overflow(scale):
    operator = operator_of("padded")
    scaled = ConvolutionOperator(operator.weight * scale, *CASES["padded"][1:])
    assert norm(scaled).value == pytest.approx(norm(operator).value * scale, rel=1e-12)


def test_a_layer_of_zeros_has_norm_zero():
    found = convolution_operator_norm(torch.zeros(4, 3, 3, 3), (40, 40), padding=(1, 1), generator=generator())
    assert (found.value, found.converged) == (0.0, True)


def test_single_precision_weights_are_taken_in_double_precision():
    operator = operator_of("padded")
    single = ConvolutionOperator(operator.weight.float(), *CASES["padded"][1:])
    assert norm(single).value == pytest.approx(norm(operator).value, rel=1e-7)


def test_a_map_smaller_than_the_kernel_is_refused():
    with pytest.raises(ValueError, match="2x2 is smaller than the kernel"):
        convolution_operator_norm(torch.ones(1, 1, 5, 5), (2, 2), generator=generator())


def test_weights_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        convolution_operator_norm(torch.full((1, 1, 3, 3), torch.nan), (5, 5), generator=generator())
