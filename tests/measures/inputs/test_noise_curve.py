"""That draws are what a seed says, whoever asks for them, in whatever order."""

import math

import numpy as np
import pytest
import torch

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.inputs.noise_curve import NoiseCurve, alpha_grid
from genlab.models.perturbation import Batches, Directions, MovableNet
from tests.measures.linear_nets import labelled, linear_net

PIXELS, COUNT = 3, 40


def curve_of(seed=0):
    net = linear_net(PIXELS)
    return NoiseCurve(net, *labelled(net, COUNT, PIXELS), generator=torch.Generator().manual_seed(seed))


def test_a_rise_is_the_mean_of_both_sides_less_the_net_itself_on_the_same_images():
    net = linear_net(PIXELS)
    images, labels = labelled(net, COUNT, PIXELS)
    generator = torch.Generator().manual_seed(0)
    batches = Batches(images, labels, 8, generator=generator)
    movable = MovableNet(net, torch.float32)
    directions = Directions(len(movable.centre), generator=generator)
    found = curve_of().rises([0.01, 0.1], 3, 8)
    for draw in range(3):
        losses = []
        for alpha in (0.0, 0.01, -0.01, 0.1, -0.1):
            movable.move(alpha * (10 * movable.centre.abs() + 1) * directions[draw])
            losses.append(movable.mean_loss(*batches[draw]))
        expected = [(losses[k] + losses[k + 1]) / 2 - losses[0] for k in (1, 3)]
        np.testing.assert_allclose(found[draw], expected, rtol=1e-4, atol=1e-7)


def test_the_order_in_which_rises_are_asked_for_changes_none_of_them():
    whole = curve_of().rises([0.01, 0.1, 1.0], 6, 8)
    curve = curve_of()
    assert np.array_equal(curve.rises([0.1], 3, 8)[:, 0], whole[:3, 1])
    assert np.array_equal(curve.rises([1.0, 0.1], 6, 8), whole[:, [2, 1]])
    assert np.array_equal(curve.rises([0.01, 0.1, 1.0], 6, 8), whole)
    assert not np.array_equal(curve.rises([0.1], 6, 9)[:, 0], whole[:, 1])
    assert not np.array_equal(curve_of(1).rises([0.1], 6, 8)[:, 0], whole[:, 1])


def test_kl_is_its_formula_and_falls_as_the_square_of_alpha():
    curve, net = curve_of(), linear_net(PIXELS)
    numbers = [w for parameter in net.parameters() for w in parameter.flatten().tolist()]
    expected = sum(w**2 / (2 * (0.1 * (10 * abs(w) + 1)) ** 2) for w in numbers)
    assert curve.kl(0.1) == pytest.approx(expected, rel=1e-12)
    assert curve.kl(0.2) == pytest.approx(expected / 4, rel=1e-12)


def test_a_grid_has_four_values_a_decade_and_ends_at_or_below_its_largest():
    assert alpha_grid(1e-4, 1e-2) == pytest.approx([10 ** (-4 + k / 4) for k in range(9)])
    assert alpha_grid(1e-3, 2e-3) == pytest.approx([1e-3, 10**-2.75])
    assert alpha_grid(0.1, 0.1) == [0.1]


def test_a_loss_that_overflows_has_a_reason_with_the_alpha():
    with pytest.raises(NotApplicable, match="not finite: alpha is 1e\\+38"):
        curve_of().rises([1e38], 2, 8)
    assert math.isfinite(curve_of().rises([10.0], 2, 8).sum())
