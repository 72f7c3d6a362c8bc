import math

import pytest
from torch import nn

from genlab.measures.inputs.capacity_factors import log_factors

NET = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Linear(20, 7), nn.Linear(7, 4))


def test_a_constant_counts_once_for_each_layer_with_weights_and_for_no_other():
    assert log_factors(NET, 4, widths=False) == pytest.approx(3 * math.log(4))
    assert log_factors([], 4, widths=True) == 0


def test_widths_are_the_units_and_channels_that_layers_give_out():
    assert log_factors(NET, 1, widths=True) == pytest.approx(math.log(5 * 7 * 4))
    assert log_factors(NET, 4, widths=True) == pytest.approx(math.log(64 * 5 * 7 * 4))
