import math

import pytest
import torch
from torch import nn

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.inputs.operator_norm import layer_circular_norm, layer_operator_norm
from genlab.models.traversal import weight_layers


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def norm_of(module, input_shape):
    (layer,) = weight_layers(nn.Sequential(module.double()), input_shape)
    return layer_operator_norm(layer, layer.weight, generator=generator())


def jacobian_norm(module, input_shape):
    """Largest singular value of the layer itself, differentiated by autograd."""
    rows = torch.autograd.functional.jacobian(module, torch.zeros(1, *input_shape, dtype=torch.float64))
    return float(torch.linalg.svdvals(rows.reshape(-1, math.prod(input_shape)))[0])


@pytest.mark.parametrize(
    ("module", "input_shape"),
    [
        (nn.Conv2d(2, 5, 3, padding=1), (2, 6, 6)),
        (nn.Conv2d(2, 5, 3, stride=2, padding=1), (2, 7, 6)),
        (nn.Conv2d(4, 6, (3, 1), padding=(1, 0), groups=2), (4, 5, 8)),
        (nn.Conv2d(2, 3, 3, dilation=2, padding="same"), (2, 6, 5)),
        (nn.Conv2d(2, 3, 3, padding="valid"), (2, 6, 5)),
        (nn.Conv2d(8, 16, 3, padding=1), (8, 9, 8)),
        (nn.Linear(6, 4), (6,)),
    ],
    ids=str,
)
def test_equals_the_norm_of_the_layer_as_it_is(module, input_shape):
    found = norm_of(module, input_shape)
    assert found.value == pytest.approx(jacobian_norm(module, input_shape), rel=1e-10)
    assert found.converged


def test_a_linear_layer_is_exact():
    found = norm_of(nn.Linear(700, 600), (700,))
    assert (found.residual, found.iterations, found.converged) == (0.0, 0, True)


def test_the_map_of_the_layer_counts():
    conv = nn.Conv2d(1, 1, 3, padding=1)
    nn.init.ones_(conv.weight)
    sizes = {size: norm_of(conv, (1, size, size)).value for size in (2, 8, 40)}
    for size, value in sizes.items():
        assert value == pytest.approx((1 + 2 * math.cos(math.pi / (size + 1))) ** 2)


def test_any_weights_of_the_shape_can_be_measured():
    conv = nn.Conv2d(2, 3, 3, padding=1).double()
    (layer,) = weight_layers(nn.Sequential(conv), (2, 6, 6))
    doubled = layer_operator_norm(layer, 2 * layer.weight, generator=generator())
    assert doubled.value == pytest.approx(2 * layer_operator_norm(layer, layer.weight, generator=generator()).value)


@pytest.mark.parametrize(
    ("module", "input_shape"),
    [
        (nn.Conv2d(2, 5, 3, padding=1, padding_mode="circular"), (2, 6, 5)),
        (nn.Conv2d(2, 5, 3, stride=2, padding=1, padding_mode="circular"), (2, 8, 6)),
        (nn.Conv2d(4, 6, (3, 1), padding=(2, 0), dilation=2, groups=2, padding_mode="circular"), (4, 6, 8)),
        (nn.Linear(6, 4), (6,)),
    ],
    ids=str,
)
def test_the_circular_norm_is_that_of_a_layer_that_pads_so(module, input_shape):
    (layer,) = weight_layers(nn.Sequential(module.double()), input_shape)
    assert layer_circular_norm(layer) == pytest.approx(jacobian_norm(module, input_shape), rel=1e-10)


def test_the_circular_norm_of_ones_is_their_number_whatever_the_map():
    conv = nn.Conv2d(1, 1, 3, padding=1)
    nn.init.ones_(conv.weight)
    for size in (1, 2, 8, 32):
        (layer,) = weight_layers(nn.Sequential(conv), (1, size, size))
        assert layer_circular_norm(layer) == pytest.approx(9)


def test_a_dilated_kernel_winds_around_a_small_map():
    conv = nn.Conv2d(1, 1, (2, 1), dilation=(2, 1), padding=(1, 0)).double()
    conv.weight.data = torch.tensor([1.0, -1.0], dtype=torch.float64).view(1, 1, 2, 1)
    (layer,) = weight_layers(nn.Sequential(conv), (1, 2, 3))
    # Both taps fall on the same point.
    assert layer_circular_norm(layer) == pytest.approx(0, abs=1e-7)


def test_a_stride_that_does_not_divide_the_map_has_a_reason():
    (layer,) = weight_layers(nn.Sequential(nn.Conv2d(2, 5, 3, stride=2, padding=1)), (2, 7, 6))
    with pytest.raises(NotApplicable, match="layer 0 has a stride of 2x2, which does not divide its input of 7x6"):
        layer_circular_norm(layer)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), "layer 0 pads with reflect"),
        (nn.Conv2d(2, 3, (1, 2), padding="same"), "layer 0 pads one side more"),
    ],
    ids=["reflect", "even kernel"],
)
def test_other_padding_has_a_reason_and_no_value(module, reason):
    with pytest.raises(NotApplicable, match=reason):
        norm_of(module, (2, 6, 6))
