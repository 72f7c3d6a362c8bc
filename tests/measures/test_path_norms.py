import copy
import itertools
import math

import pytest
import torch
from torch import nn

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.path_norms import (
    log_l1_path_norm,
    log_l1_path_norm_over_margin_5,
    log_l2_path_norm,
    log_l2_path_norm_over_margin_5,
)
from genlab.models.branches import Sum
from genlab.models.dropout import Chain, Dropout
from genlab.models.folding import folded
from genlab.models.initialisation import initialise
from genlab.models.mlp import mlp
from genlab.models.vgg import neyshabur_vgg, vgg


def constant(model, value):
    """The net with every weight equal and a bias that would show if it counted."""
    for module in model.double().modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.constant_(module.weight, value)
            if module.bias is not None:
                nn.init.constant_(module.bias, 17.0)
    return model


def random_mlp(widths=(6, 5), seed=0):
    model = mlp((2, 2, 1), 3, widths)
    initialise(model, "torch", 1.0, generator=torch.Generator().manual_seed(seed))
    return model.double()


def random_conv_net(seed=0):
    model = Chain(
        nn.Conv2d(2, 4, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(6, 3),
    )
    initialise(model, "he_normal", 1.0, generator=torch.Generator().manual_seed(seed))
    return model.double()


@pytest.mark.parametrize("weight", [1.0, -0.5, 3.0])
def test_equal_weights_in_a_perceptron_count_the_paths(weight):
    model = constant(mlp((1, 2, 3), 4, [5, 7]), weight)
    paths = 6 * 5 * 7 * 4
    assert log_l1_path_norm(model, (1, 2, 3)) == pytest.approx(math.log(paths * abs(weight) ** 3))
    assert log_l2_path_norm(model, (1, 2, 3)) == pytest.approx(math.log(paths * weight**6))


def test_factors_of_depth_and_width_are_those_of_the_text():
    """|2 w| each for the l1 path norm, 4 h w^2 each for the l2 path norm, h the units that a layer gives out."""
    model = constant(mlp((1, 2, 3), 4, [5, 7]), 3.0)
    paths = 6 * 5 * 7 * 4
    assert log_l1_path_norm(model, (1, 2, 3), factors=True) == pytest.approx(math.log(paths * 6.0**3))
    expected = paths * (4 * 5 * 9.0) * (4 * 7 * 9.0) * (4 * 4 * 9.0)
    assert log_l2_path_norm(model, (1, 2, 3), factors=True) == pytest.approx(math.log(expected))
    margins = torch.full((20,), 0.5, dtype=torch.float64)
    over_margin = log_l1_path_norm_over_margin_5(model, (1, 2, 3), margins, factors=True)
    assert over_margin == pytest.approx(2 * math.log(paths * 6.0**3 / 0.5))
    over_margin = log_l2_path_norm_over_margin_5(model, (1, 2, 3), margins, factors=True)
    assert over_margin == pytest.approx(math.log(expected / 0.25))


def test_every_path_of_a_random_perceptron_enumerated():
    model = random_mlp()
    weights = [m.weight.detach() for m in model if isinstance(m, nn.Linear)]
    l1 = l2 = 0.0
    for units in itertools.product(range(4), range(6), range(5), range(3)):
        product = math.prod(float(w[units[i + 1], units[i]]) for i, w in enumerate(weights))
        l1, l2 = l1 + abs(product), l2 + product**2
    assert log_l1_path_norm(model, (2, 2, 1)) == pytest.approx(math.log(l1), rel=1e-12)
    assert log_l2_path_norm(model, (2, 2, 1)) == pytest.approx(math.log(l2), rel=1e-12)


def test_a_convolution_has_no_paths_from_the_padding():
    model = constant(Chain(nn.Conv2d(1, 1, 3, padding=1), nn.Flatten()), 2.0)
    # On a 3x3 map the corners see 4 cells, the edges 6, the centre 9.
    assert log_l1_path_norm(model, (1, 3, 3)) == pytest.approx(math.log(2 * (4 * 4 + 4 * 6 + 9)))
    assert log_l2_path_norm(model, (1, 3, 3)) == pytest.approx(math.log(4 * (4 * 4 + 4 * 6 + 9)))


def test_an_average_pool_is_a_layer_of_weights_one_over_k():
    model = Chain(nn.AvgPool2d(2), nn.Flatten(), constant(nn.Linear(4, 1), 1.0)).double()
    # 16 cells, each through one weight of 1/4.
    assert log_l1_path_norm(model, (1, 4, 4)) == pytest.approx(math.log(16 / 4))
    assert log_l2_path_norm(model, (1, 4, 4)) == pytest.approx(math.log(16 / 16))


@pytest.mark.parametrize(
    "pool",
    [
        nn.AvgPool2d(3, stride=2, padding=1),
        nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        nn.AvgPool2d(3, stride=2, ceil_mode=True),
        nn.AvgPool2d((2, 1), divisor_override=5),
    ],
    ids=str,
)
@pytest.mark.parametrize("p", [1, 2])
def test_an_average_pool_is_the_linear_layer_that_it_is(pool, p):
    matrix = torch.autograd.functional.jacobian(pool, torch.zeros(1, 1, 6, 6, dtype=torch.float64)).reshape(-1, 36)
    model = Chain(pool, nn.Flatten(), constant(nn.Linear(len(matrix), 2), 3.0)).double()
    expected = math.log(2 * 3**p * float((matrix**p).sum()))
    measured = {1: log_l1_path_norm, 2: log_l2_path_norm}[p](model, (1, 6, 6))
    assert measured == pytest.approx(expected, rel=1e-12)


def test_a_max_pool_passes_one_branch_or_all():
    model = Chain(nn.MaxPool2d(2), nn.Flatten(), constant(nn.Linear(4, 1), 1.0)).double()
    assert log_l2_path_norm(model, (1, 4, 4)) == pytest.approx(math.log(4))
    assert log_l2_path_norm(model, (1, 4, 4), max_pool="max") == pytest.approx(math.log(4))
    assert log_l2_path_norm(model, (1, 4, 4), max_pool="sum") == pytest.approx(math.log(16))


def test_padded_cells_of_a_max_pool_are_no_paths():
    model = Chain(nn.MaxPool2d(3, stride=2, padding=1), nn.Flatten(), constant(nn.Linear(4, 1), 1.0)).double()
    # Windows of 2x2, 2x2, 2x2, 2x2 real cells of a 3x3 map.
    assert log_l1_path_norm(model, (1, 3, 3), max_pool="sum") == pytest.approx(math.log(16))
    assert log_l1_path_norm(model, (1, 3, 3), max_pool="max") == pytest.approx(math.log(4))


def test_what_evaluation_passes_through_changes_nothing():
    plain, weight = random_mlp(), (2, 2, 1)
    decorated = Chain(nn.Identity(), plain[0], plain[1], plain[2], Dropout(0.5), nn.Dropout(0.3), *plain[3:])
    assert log_l2_path_norm(decorated.double(), weight) == pytest.approx(log_l2_path_norm(plain, weight), rel=1e-14)


@pytest.mark.parametrize("exponent", [-100, -30, 30, 100])
def test_nineteen_layers_of_any_size_do_not_overflow(exponent):
    model = constant(mlp((1, 2, 2), 4, [4] * 18), 10.0**exponent)
    paths = 20 * math.log(4)
    size = 19 * exponent * math.log(10)
    assert log_l1_path_norm(model, (1, 2, 2)) == pytest.approx(paths + size, rel=1e-12)
    assert log_l2_path_norm(model, (1, 2, 2)) == pytest.approx(paths + 2 * size, rel=1e-12)


def test_a_vgg_of_depth_19_does_not_overflow():
    model = vgg((3, 32, 32), 10, 19, width_multiplier=1 / 16, batch_norm=False)
    small, large = (log_l2_path_norm(constant(model, size), (3, 32, 32)) for size in (1e-30, 1e30))
    assert large - small == pytest.approx(17 * 4 * 30 * math.log(10), rel=1e-9)


@pytest.mark.parametrize("max_pool", ["max", "sum"])
@pytest.mark.parametrize("measure", [log_l1_path_norm, log_l2_path_norm])
def test_rescaling_consecutive_layers_unit_by_unit_changes_nothing(measure, max_pool):
    model = random_conv_net()
    rescaled = copy.deepcopy(model)
    factors = torch.tensor([0.01, 3.0, 50.0, 1.0], dtype=torch.float64)
    rescaled[0].weight.data *= factors.view(-1, 1, 1, 1)
    rescaled[0].bias.data *= factors
    rescaled[3].weight.data /= factors.view(1, -1, 1, 1)
    images = torch.randn(5, 2, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(rescaled(images), model(images))
    assert measure(rescaled, (2, 8, 8), max_pool) == pytest.approx(measure(model, (2, 8, 8), max_pool), rel=1e-12)


@pytest.mark.parametrize("measure", [log_l1_path_norm, log_l2_path_norm])
def test_permuting_hidden_units_changes_nothing(measure):
    model = random_conv_net()
    permuted, order = copy.deepcopy(model), torch.tensor([2, 0, 3, 1])
    permuted[0].weight.data, permuted[0].bias.data = model[0].weight[order], model[0].bias[order]
    permuted[3].weight.data = model[3].weight[:, order]
    assert measure(permuted, (2, 8, 8)) == pytest.approx(measure(model, (2, 8, 8)), rel=1e-12)


def test_the_net_is_left_as_it_was():
    model = random_conv_net().train()
    before = copy.deepcopy(model.state_dict())
    log_l2_path_norm(model, (2, 8, 8))
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


def test_the_margin_enters_squared_in_both_forms():
    model, margins = random_mlp(), torch.full((9,), 0.1, dtype=torch.float64)
    l1, l2 = log_l1_path_norm(model, (2, 2, 1)), log_l2_path_norm(model, (2, 2, 1))
    assert log_l1_path_norm_over_margin_5(model, (2, 2, 1), margins) == pytest.approx(2 * l1 + 2 * math.log(10))
    assert log_l2_path_norm_over_margin_5(model, (2, 2, 1), margins) == pytest.approx(l2 + 2 * math.log(10))


def test_the_margin_form_has_the_same_option():
    model, margins = random_conv_net(), torch.ones(9, dtype=torch.float64)
    assert log_l2_path_norm_over_margin_5(model, (2, 8, 8), margins, max_pool="sum") == pytest.approx(
        log_l2_path_norm(model, (2, 8, 8), max_pool="sum")
    )


def test_the_vgg_of_neyshabur_can_be_measured_once_folded():
    model = neyshabur_vgg((3, 32, 32), 10, width_multiplier=1 / 32, dropout=0.5)
    with pytest.raises(NotApplicable, match="BatchNorm2d"):
        log_l1_path_norm(model.double(), (3, 32, 32))
    assert math.isfinite(log_l1_path_norm(folded(model, (3, 32, 32)), (3, 32, 32)))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Chain(nn.Flatten(), nn.Linear(3, 2), nn.Tanh()), "Tanh"),
        (Chain(nn.Conv2d(3, 2, 1, padding=1, padding_mode="circular"), nn.Flatten()), "padding with circular"),
        (Chain(nn.Flatten(), constant(nn.Linear(3, 2), 0.0)), "weight 0"),
    ],
    ids=["tanh", "circular", "zeros"],
)
def test_where_it_is_not_defined_there_is_a_reason(model, reason):
    with pytest.raises(NotApplicable, match=reason):
        log_l2_path_norm(model.double(), (3, 1, 1))


def test_all_branches_of_a_dilated_max_pool_are_not_summed():
    with pytest.raises(NotApplicable, match="dilated"):
        log_l2_path_norm(Chain(nn.MaxPool2d(2, dilation=2)).double(), (1, 5, 5), max_pool="sum")


def test_factors_of_depth_and_width_are_of_a_chain():
    net = Chain(nn.Flatten(), Sum(nn.Linear(4, 4), nn.Identity())).double()
    assert math.isfinite(log_l2_path_norm(net, (1, 2, 2)))
    with pytest.raises(NotApplicable, match="factors of depth and width are of the one way through a chain"):
        log_l2_path_norm(net, (1, 2, 2), factors=True)
