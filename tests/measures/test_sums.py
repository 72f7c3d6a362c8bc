import math

import pytest
import torch
from torch import nn

from genlab.linalg.lanczos import SingularValue
from genlab.measures.sums import (
    sum_squared_frobenius_distances,
    sum_squared_frobenius_norms,
    sum_squared_spectral_distances_kernel,
    sum_squared_spectral_distances_operator,
    weight_distance,
    weight_norm,
)
from genlab.models.traversal import weight_layers


def net(*values):
    """Linear layers of 3 units whose weights are all one value, and a bias that would show if it counted."""
    modules = [nn.Flatten()]
    for value in values:
        layer = nn.Linear(3, 3).double()
        nn.init.constant_(layer.weight, value)
        nn.init.constant_(layer.bias, 100.0)
        modules.append(layer)
    return weight_layers(nn.Sequential(*modules), (3, 1, 1))


def test_every_weight_counts_once_and_no_bias():
    layers = net(2.0, -3.0)
    assert sum_squared_frobenius_norms(layers) == pytest.approx(9 * 4 + 9 * 9)
    assert weight_norm(layers) == pytest.approx(math.sqrt(117))


def test_distances_are_from_initialisation():
    trained, initial = net(2.0, -3.0), net(1.0, 1.0)
    assert sum_squared_frobenius_distances(trained, initial) == pytest.approx(9 * 1 + 9 * 16)
    assert weight_distance(trained, initial) == pytest.approx(math.sqrt(153))
    assert weight_distance(trained, trained) == 0
    assert sum_squared_spectral_distances_kernel({"a": 3.0, "b": 4.0}) == pytest.approx(25)


def test_the_operator_form_carries_its_error():
    distances = {"a": SingularValue(3.0, 0.01, 12, True), "b": SingularValue(4.0, 0.0, 0, True)}
    found = sum_squared_spectral_distances_operator(distances)
    assert found.value == pytest.approx(25)
    assert found.residual == pytest.approx(0.06)
    assert (found.iterations, found.converged) == (12, True)
    distances["c"] = SingularValue(1.0, 0.5, 2000, False)
    assert not sum_squared_spectral_distances_operator(distances).converged


def test_the_sum_is_that_of_one_long_vector():
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(16, 3)).double()
    vector = torch.cat([p.detach().flatten() for p in model.parameters() if p.dim() > 1])
    assert weight_norm(weight_layers(model, (2, 4, 4))) == pytest.approx(float(vector.norm()))
