import copy
import math

import pytest
import torch
from torch import nn

from genlab.measures.distances import (
    frobenius_distance,
    pq_distance,
    spectral_distance_kernel,
    spectral_distance_operator,
)
from genlab.measures.inputs.weights import kernel_distances, operator_distances
from genlab.models.traversal import weight_layers


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def two_layers():
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 5)).double()


def test_known_differences():
    before, after = (nn.Sequential(nn.Flatten(), nn.Linear(3, 2).double()) for _ in range(2))
    after[1].weight.data = before[1].weight + torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.0, -12.0]])
    layers = weight_layers(after, (3, 1, 1)), weight_layers(before, (3, 1, 1))
    assert frobenius_distance(*layers)["1"] == pytest.approx(13)
    assert pq_distance(*layers)["1"] == pytest.approx(17)
    assert pq_distance(*layers, p=1, q=math.inf)["1"] == pytest.approx(12)
    assert spectral_distance_kernel(kernel_distances(*layers))["1"] == pytest.approx(12)
    assert spectral_distance_operator(operator_distances(*layers, generator()))["1"].value == pytest.approx(12)


def test_the_operator_of_a_difference_knows_the_map():
    before = two_layers()
    after = copy.deepcopy(before)
    after[0].weight.data += 0.25
    layers = weight_layers(after, (2, 6, 6)), weight_layers(before, (2, 6, 6))
    found = spectral_distance_operator(operator_distances(*layers, generator()))
    # 0.25 times a matrix of ones between channels times a path of 6 points along both axes.
    expected = 0.25 * math.sqrt(2 * 4) * (1 + 2 * math.cos(math.pi / 7)) ** 2
    assert found["0"].value == pytest.approx(expected, rel=1e-8)
    assert found["0"].converged
    assert found["3"].value == 0


def test_a_net_is_at_distance_zero_from_itself():
    layers = weight_layers(two_layers(), (2, 6, 6))
    for distance in (frobenius_distance, kernel_distances, pq_distance):
        assert distance(layers, layers) == {"0": 0.0, "3": 0.0}


def test_another_architecture_is_refused():
    other = weight_layers(nn.Sequential(nn.Conv2d(2, 5, 3)), (2, 6, 6))
    with pytest.raises(ValueError, match="other layers"):
        frobenius_distance(weight_layers(two_layers(), (2, 6, 6)), other)
