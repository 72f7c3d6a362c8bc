import pytest
import torch
from torch import nn

from genlab.compression.local_convolution import LocalConvolution
from tests.compression.examples import generator

GEOMETRIES = [
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (0, 1)},
    {"kernel_size": 3, "padding": "same", "dilation": 2},
    {"kernel_size": 3, "padding": "valid"},
    {"kernel_size": (1, 5), "padding": "same"},
    {"kernel_size": 3, "padding": (1, 2), "padding_mode": "circular"},
    {"kernel_size": 3, "padding": 2, "padding_mode": "reflect"},
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_with_one_kernel_at_all_places_it_is_the_convolution(geometry, bias):
    layer = nn.Conv2d(3, 4, bias=bias, **geometry)
    images = torch.randn(19, 3, 8, 7, generator=generator(0))
    expected = layer(images)
    size = tuple(expected.shape[2:])
    kernels = layer.weight.detach().flatten(1).repeat(size[0] * size[1], 1, 1)
    local = LocalConvolution(layer, kernels, layer.bias.detach() if bias else None, size)
    torch.testing.assert_close(local(images), expected, rtol=1e-4, atol=1e-5)


def test_each_place_has_its_kernel():
    layer = nn.Conv2d(1, 1, 1, bias=False)
    kernels = torch.arange(6.0).view(6, 1, 1)
    found = LocalConvolution(layer, kernels, None, (2, 3))(torch.ones(2, 1, 2, 3))
    assert found.tolist() == [[[[0, 1, 2], [3, 4, 5]]]] * 2


def test_of_a_linear_layer_it_is_a_linear_layer():
    layer = nn.Linear(5, 3)
    local = LocalConvolution(layer, layer.weight.detach().unsqueeze(0), layer.bias.detach(), (1, 1))
    vectors = torch.randn(40, 5, generator=generator(0))
    torch.testing.assert_close(local(vectors), layer(vectors))
    assert local.correlation_of_places(layer.weight) is None


def test_the_correlation_is_one_of_equal_errors_and_below_zero_of_opposite_ones():
    layer = nn.Conv2d(1, 1, 1, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1)

    def correlation(*kernels: float) -> float | None:
        found = LocalConvolution(layer, torch.tensor(kernels).view(-1, 1, 1), None, (1, len(kernels)))
        return found.correlation_of_places(layer.weight)

    assert correlation(3.0, 3.0, 3.0) == pytest.approx(1)
    assert correlation(2.0, 0.0) == pytest.approx(-1)
    assert correlation(1.0, 1.0) is None
