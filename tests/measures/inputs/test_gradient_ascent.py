"""On a logistic loss, step by step."""

import torch

from genlab.measures.inputs.gradient_ascent import GradientAscent
from genlab.models.perturbation import Batches, MovableNet
from tests.measures.linear_nets import labelled, linear_net

PIXELS, COUNT = 4, 40


def ascent_of(half_width, size=COUNT):
    net = linear_net(PIXELS)
    images, labels = labelled(net, COUNT, PIXELS)
    movable = MovableNet(net, torch.float64)
    batches = Batches(images.double(), labels, size, generator=torch.Generator().manual_seed(0))
    widths = torch.full_like(movable.centre, half_width)
    return movable, batches, GradientAscent(movable, batches, widths), (images.double(), labels)


def test_a_step_is_the_learning_rate_times_the_gradient_where_the_box_is_wide():
    movable, batches, ascent, _ = ascent_of(100.0, size=7)
    _, gradient = movable.gradient(*batches[0])
    expected = 0.25 * gradient
    ascent.climb(1, 0.25)
    assert torch.equal(ascent.displacement, expected)
    movable.move(expected)
    _, gradient = movable.gradient(*batches[1])
    expected = expected + 0.25 * gradient
    ascent.climb(1, 0.25)
    torch.testing.assert_close(ascent.displacement, expected, rtol=1e-14, atol=0)
    assert ascent.steps == 2


def test_what_leaves_the_box_is_brought_back_and_the_rest_goes_on():
    movable, _, ascent, data = ascent_of(0.01)
    _, gradient = movable.gradient(*data)
    rate = float(0.01 / gradient.abs().median())
    expected = (rate * gradient).clamp(-0.01, 0.01)
    ascent.climb(1, rate)
    assert torch.equal(ascent.displacement, expected)
    assert 0 < int((ascent.displacement.abs() == 0.01).sum()) < len(expected)


def test_the_net_is_left_where_the_steps_end():
    movable, _, ascent, data = ascent_of(0.3)
    before = movable.mean_loss(*data)
    ascent.climb(5, 0.1)
    here = movable.mean_loss(*data)
    movable.move(ascent.displacement)
    assert movable.mean_loss(*data) == here > before
