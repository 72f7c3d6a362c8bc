"""Preconditions that theorems share."""

import pytest
import torch
from torch import nn

from genlab.bounds.conditions import margin_terms, net_conditions, no_convolutions
from genlab.models.branches import Sum
from genlab.models.dropout import Chain
from genlab.models.traversal import weight_layers

SHAPE = (1, 3, 3)


def conditions_of(model):
    model = model.double().eval()
    return {term.name: term for term in net_conditions(model, weight_layers(model, SHAPE), SHAPE)}


def test_a_margin_is_its_percentile_and_the_loss_what_is_not_above_it():
    margins = torch.tensor([-1.0, 1.0, 2.0, 3.0, 4.0])
    margin, loss = margin_terms(margins, 25)
    assert (margin.value, margin.holds, margin.required) == (1.0, True, "> 0")
    assert loss.value == 0.4
    margin, loss = margin_terms(margins, 0)
    assert (margin.value, margin.log10, margin.holds, loss.value) == (-1.0, None, False, 0.2)
    assert margin_terms(torch.tensor([0.0, 1.0]), 0)[0].holds is False


def test_a_chain_of_relus_without_biases_meets_them_all():
    found = conditions_of(Chain(nn.Flatten(), nn.Linear(9, 4, bias=False), nn.ReLU(), nn.Linear(4, 3, bias=False)))
    assert {name: (term.value, term.holds) for name, term in found.items()} == {
        "biases": (0.0, True),
        "chain": (1.0, True),
        "piecewise_linear": (1.0, True),
    }


def test_biases_that_are_not_zero_are_counted():
    net = Chain(nn.Flatten(), nn.Linear(9, 4), nn.ReLU(), nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Linear(4, 3))
    assert (conditions_of(net)["biases"].value, conditions_of(net)["biases"].holds) == (2.0, False)
    nn.init.zeros_(net[1].bias)
    assert conditions_of(net)["biases"].value == 1.0


@pytest.mark.parametrize(
    ("middle", "wrong"),
    [(nn.Tanh(), "piecewise_linear"), (Sum(Chain(nn.Linear(4, 4, bias=False), nn.ReLU()), nn.Identity()), "chain")],
)
def test_other_units_and_branches_are_marked(middle, wrong):
    net = Chain(nn.Flatten(), nn.Linear(9, 4, bias=False), middle, nn.Linear(4, 3, bias=False))
    assert [name for name, term in conditions_of(net).items() if not term.holds] == [wrong]


def test_convolutions_are_counted():
    net = Chain(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(18, 3)).eval()
    term = no_convolutions(weight_layers(net, SHAPE))
    assert (term.name, term.value, term.holds) == ("convolutions", 1.0, False)
    assert no_convolutions(weight_layers(net, SHAPE)[1:]).holds is True
