import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.path_sums import log_path_sum
from genlab.models.branches import Concatenation, Sum
from genlab.models.dropout import Chain
from genlab.models.folding import folded
from genlab.models.googlenet import googlenet
from genlab.models.inception_v3 import inception_v3
from genlab.models.small_inception import small_inception
from tests.models.transplanted import filled, layers
from tests.references import zhang_nets as reference


def powers(weight: nn.Parameter, p: int) -> torch.Tensor:
    return weight.detach().abs() ** p


class Residual(nn.Module):
    """Written in every way in which branches meet."""

    def __init__(self, how):
        super().__init__()
        self.how, self.first, self.inner, self.last = how, nn.Linear(4, 3), nn.Linear(3, 3), nn.Linear(3, 2)

    def forward(self, x):
        x = F.relu(self.first(x))
        return self.last(self.how(x, torch.relu(self.inner(x))))


def in_place(x, y):
    y += x
    return y.relu_()


WAYS = [lambda x, y: x + y, torch.add, lambda x, y: y.add(x).contiguous(), in_place]


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("how", WAYS)
def test_paths_through_a_residual_block_are_those_of_both_ways(how, p):
    net = Residual(how).double()
    with torch.no_grad():
        net.inner.weight.mul_(1e-3)  # so that the two ways are of other sizes
    first, inner, last = (powers(layer.weight, p) for layer in (net.first, net.inner, net.last))
    expected = math.log(float((last @ (torch.eye(3) + inner) @ first).sum()))
    assert log_path_sum(net, (4,), p, "max") == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("p", [1, 2])
def test_paths_through_a_concatenation_go_on_from_each_branch(p):
    branches = Concatenation(Chain(nn.Conv2d(2, 3, 1), nn.ReLU()), nn.Identity(), Chain(nn.Conv2d(2, 1, 1)))
    net = Chain(branches, nn.Conv2d(6, 2, 1), nn.Flatten()).double()
    one, other = powers(branches.get_submodule("0.0").weight, p), powers(branches.get_submodule("2.0").weight, p)
    stacked = torch.cat([one[:, :, 0, 0], torch.eye(2), other[:, :, 0, 0]])
    expected = math.log(float((powers(net[1].weight, p)[:, :, 0, 0] @ stacked).sum()))
    assert log_path_sum(net, (2, 1, 1), p, "max") == pytest.approx(expected, rel=1e-12)


def test_the_small_inception_has_the_path_norm_of_its_twin_on_absolute_weights():
    net = folded(filled(small_inception((3, 28, 28), 10, width_multiplier=1 / 16)), (3, 28, 28))
    absolute = [{"weight": abs(one["weight"]), "bias": 0 * one["bias"], "norm": None} for one in layers(net)]
    expected = math.log(reference.small_inception(absolute, np.ones((3, 28, 28))).sum())
    assert log_path_sum(net, (3, 28, 28), 1, "max") == pytest.approx(expected, rel=1e-12)
    squared = [one | {"weight": one["weight"] ** 2} for one in absolute]
    expected = math.log(reference.small_inception(squared, np.ones((3, 28, 28))).sum() / 49)
    assert log_path_sum(net, (3, 28, 28), 2, "max") == pytest.approx(expected, rel=1e-12)
    assert log_path_sum(net, (3, 28, 28), 2, "sum") > expected


@pytest.mark.parametrize(("build", "size", "cells"), [(inception_v3, 75, 1), (googlenet, 40, 4)])
def test_nets_of_torchvision_have_the_path_norm_of_their_absolute_weights(build, size, cells):
    shape = (3, size, size)
    net = folded(filled(build(shape, 10, width_multiplier=1 / 8)), shape)
    found = log_path_sum(net, shape, 1, "max")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_() if parameter.dim() > 1 else parameter.zero_()
        expected = float(net(torch.ones(1, *shape, dtype=torch.float64)).sum().log())
    assert found == pytest.approx(expected, rel=1e-12)


def test_branches_that_are_smaller_than_any_number_beside_others_count_nothing_and_overflow_nothing():
    small, large = (Chain(*(nn.Conv2d(1, 1, 1, bias=False) for _ in range(3))) for _ in range(2))
    net = Chain(Sum(small, large), nn.Flatten()).double()
    with torch.no_grad():
        for branch, weight in ((small, 1e-200), (large, 1e200)):
            for layer in branch:
                layer.weight.fill_(weight)
    assert log_path_sum(net, (1, 1, 1), 2, "max") == pytest.approx(6 * math.log(1e200))


class Between(nn.Module):
    def __init__(self, between):
        super().__init__()
        self.between, self.layer, self.scale = between, nn.Linear(4, 4), nn.Parameter(torch.ones(4))

    def forward(self, x):
        return self.between(self, x, self.layer(x))


@pytest.mark.parametrize(
    ("between", "reason"),
    [
        (lambda net, x, y: x + torch.tanh(y), "tanh between its modules"),
        (lambda net, x, y: x + 0.5 * y, "mul between its modules"),
        (lambda net, x, y: x + (y + 1), "add between its modules"),
        (lambda net, x, y: torch.add(x, y, alpha=2), "add between its modules"),
        (lambda net, x, y: x + net.scale, "numbers of its own"),
        (lambda net, x, y: torch.stack([x, y]).sum(0), "stack between its modules"),
        (lambda net, x, y: torch.cat([x, y], 0)[:2], "cat between its modules"),
        (lambda net, x, y: x if x.sum() > 0 else y, "cannot be followed"),
        (lambda net, x, y: y if x.sum() > 0 else x, "cannot be followed"),
    ],
)
def test_what_no_rule_is_of_is_a_reason_and_never_a_number(between, reason):
    with pytest.raises(NotApplicable, match=reason):
        log_path_sum(Between(between).double(), (4,), 1, "max")


def test_an_adaptive_pool_is_the_average_pool_that_it_is_or_refused():
    conv = nn.Conv2d(1, 2, 3).double()
    pooled = [
        log_path_sum(Chain(conv, pool, nn.Flatten()), (1, 8, 8), 2, "max")
        for pool in (nn.AdaptiveAvgPool2d(2), nn.AdaptiveAvgPool2d((2, None)), nn.AvgPool2d(3), nn.AvgPool2d((3, 1)))
    ]
    assert pooled[:2] == pooled[2:]
    with pytest.raises(NotApplicable, match="windows of different sizes"):
        log_path_sum(Chain(conv, nn.AdaptiveAvgPool2d(4), nn.Flatten()), (1, 8, 8), 2, "max")
