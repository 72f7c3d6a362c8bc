import torch
from torch import nn

from genlab.measures.counts import layer_parameter_count, parameter_count, weight_count
from genlab.models.mlp import mlp


def test_the_perceptron_of_zhang_has_as_many_parameters_as_table_1_says():
    model = mlp((3, 28, 28), 10, [512])
    assert parameter_count(model) == 1_209_866
    assert weight_count(model) == 2352 * 512 + 512 * 10
    assert layer_parameter_count(model) == {"1": 2352 * 512 + 512, "3": 512 * 10 + 10}


def test_batch_norm_counts_as_trained_and_has_no_weights():
    model = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    assert parameter_count(model) == 3 * 8 * 9 + 2 * 8
    assert weight_count(model) == 3 * 8 * 9
    assert layer_parameter_count(model) == {"0": 216, "1": 16}


def test_a_shared_layer_counts_once():
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    assert parameter_count(model) == 20
    assert weight_count(model) == 16
    assert sum(layer_parameter_count(model).values()) == 20


def test_a_shared_weight_counts_where_it_is_first_met():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    assert weight_count(model) == 16
    assert layer_parameter_count(model) == {"0": 20, "1": 4}


def test_parameters_of_the_net_itself_are_a_layer_too():
    model = nn.Sequential(nn.Linear(2, 2))
    model.register_parameter("scale", nn.Parameter(torch.ones(3)))
    assert layer_parameter_count(model) == {"(net)": 3, "0": 6}
