"""On a logistic loss, which is convex: its maximum in a box lies at a corner."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from genlab.measures.inputs.box_ascent import BoxAscent
from genlab.models.perturbation import Batches, MovableNet
from tests.measures.linear_nets import labelled, linear_net


def ascent_of(half_width=0.3, size=40, count=40, pixels=4):
    net = linear_net(pixels)
    images, labels = labelled(net, count, pixels)
    movable = MovableNet(net, torch.float64)
    widths = torch.linspace(0.2, 1, len(movable.centre), dtype=torch.float64) * half_width
    batches = Batches(images.double(), labels, size, generator=torch.Generator().manual_seed(0))
    return movable, widths, BoxAscent(movable, batches, widths), images.double(), labels


def largest_at_a_corner(movable, widths, images, labels):
    losses = []
    for signs in product((-1.0, 1.0), repeat=len(widths)):
        movable.move(torch.tensor(signs, dtype=torch.float64), widths)
        losses.append(movable.mean_loss(images, labels))
    return max(losses)


@pytest.mark.parametrize(("size", "short_of"), [(40, 0.001), (10, 0.3)])
def test_the_ascent_finds_the_best_corner_of_the_box(size, short_of):
    movable, widths, ascent, images, labels = ascent_of(size=size)
    highest = largest_at_a_corner(movable, widths, images, labels)
    for step in (0.2, 0.1, 0.05, 0.02):
        ascent.climb(60, step)
    movable.move(ascent.place, widths)
    found = movable.mean_loss(images, labels)
    assert float(ascent.place.abs().max()) <= 1
    assert found <= highest + 1e-12
    assert found > (1 - short_of) * highest


def test_the_net_is_left_where_the_ascent_ends_and_goes_back_when_told():
    movable, widths, ascent, images, labels = ascent_of()
    before = movable.mean_loss(images, labels)
    ascent.climb(3, 0.2)
    assert ascent.steps == 3
    here = movable.mean_loss(images, labels)
    movable.move(ascent.place, widths)
    assert movable.mean_loss(images, labels) == here > before
    ascent.return_to(torch.zeros_like(widths), Batches(images, labels, 40, generator=torch.Generator()))
    assert movable.mean_loss(images, labels) == before


def test_one_step_is_the_sign_of_the_gradient_in_units_of_the_box():
    """From the middle, wherever the net was."""
    movable, widths, _, images, labels = ascent_of()
    _, gradient = movable.gradient(images, labels)
    expected = 0.25 * gradient.sign()
    movable.move(torch.linspace(-1, 1, len(widths), dtype=torch.float64), 100.0)
    ascent = BoxAscent(movable, Batches(images, labels, 40, generator=torch.Generator()), widths)
    ascent.climb(1, 0.25)
    assert torch.equal(ascent.place, expected)


def test_another_loss_is_climbed_where_one_is_given():
    movable, widths, _, images, labels = ascent_of()
    batches = Batches(images, labels, 40, generator=torch.Generator().manual_seed(0))

    def falling(logits, of):
        return -F.cross_entropy(logits, of, reduction="none")

    before = movable.mean_loss(images, labels)
    BoxAscent(movable, batches, widths, falling).climb(20, 0.1)
    assert movable.mean_loss(images, labels) < before
