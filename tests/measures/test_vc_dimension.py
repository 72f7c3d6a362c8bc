import math

import pytest
from torch import nn

from genlab.measures.vc_dimension import vc_dimension_bound
from genlab.models.mlp import mlp
from genlab.models.traversal import weight_layers


def test_a_perceptron_by_hand():
    layers = weight_layers(mlp((1, 2, 2), 3, [5]), (1, 2, 2))
    # 25 parameters up to the first layer, 43 up to the second; 5 units once and 3 twice.
    weighted, units = 25 + 43, 5 + 2 * 3
    for p in (1, 2):
        inner = math.log2(2 * math.e * p * units)
        assert vc_dimension_bound(layers, p) == pytest.approx(2 + weighted * math.log2(4 * math.e * p * units * inner))
    assert vc_dimension_bound(layers) == vc_dimension_bound(layers, 1)


def test_a_kernel_has_few_parameters_and_many_units():
    conv, linear = nn.Conv2d(1, 2, 3, padding=1, bias=False), nn.Linear(2 * 16, 3)
    layers = weight_layers(nn.Sequential(conv, nn.ReLU(), nn.Flatten(), linear), (1, 4, 4))
    weighted, units = 18 + (18 + 99), 32 + 2 * 3
    expected = 2 + weighted * math.log2(4 * math.e * units * math.log2(2 * math.e * units))
    assert vc_dimension_bound(layers) == pytest.approx(expected)


def test_it_bounds_the_growth_function():
    """At that many images the number of sign patterns that the theorem's product allows is not 2^m any more."""
    for widths in ([5], [7, 6], [20, 20, 20]):
        layers = weight_layers(mlp((1, 2, 2), 1, widths), (1, 2, 2))
        m = vc_dimension_bound(layers)
        up_to, log_patterns = 0, 0.0
        for i, layer in enumerate(layers, start=1):
            up_to += layer.weight.numel() + len(layer.module.bias)
            # 2 (2 e m k_i i / W_i)^(W_i): signs of m k_i polynomials of degree i in W_i variables.
            log_patterns += 1 + up_to * math.log2(2 * math.e * m * layer.output_shape[0] * i / up_to)
        assert log_patterns <= m


def test_wider_and_deeper_nets_have_a_larger_one():
    def bound(widths):
        return vc_dimension_bound(weight_layers(mlp((1, 4, 4), 10, widths), (1, 4, 4)))

    assert bound([8]) < bound([16]) < bound([16, 16])


def test_a_linear_activation_has_no_bound_of_this_form():
    with pytest.raises(ValueError, match="at least 1 break; p is 0"):
        vc_dimension_bound(weight_layers(mlp((1, 2, 2), 3, [5]), (1, 2, 2)), p=0)
