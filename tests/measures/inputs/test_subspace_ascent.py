from itertools import product

import numpy as np
import torch

from genlab.linalg.random_subspace import RandomSubspace
from genlab.measures.inputs.subspace_ascent import largest_loss_in_subspace, loss_at
from genlab.models.perturbation import MovableNet
from tests.measures.linear_nets import labelled, linear_net

EPS = 0.3


def test_the_point_is_the_best_of_a_fine_grid_of_the_box_in_a_plane():
    net = linear_net(6)
    images, labels = labelled(net, 80, 6)
    movable = MovableNet(net, torch.float32)
    subspace = RandomSubspace(len(movable.centre), 2, generator=torch.Generator().manual_seed(3))
    found = largest_loss_in_subspace(movable, subspace, images, labels, EPS, 30)
    movable.move(found.displacement)
    loss = movable.mean_loss(images, labels)
    columns = torch.stack([subspace.expand(row) for row in torch.eye(2)], dim=1)
    bounds = EPS * ((torch.linalg.pinv(columns.double()) @ movable.centre.double()).abs() + 1)
    y = torch.linalg.pinv(columns.double()) @ found.displacement.double()
    assert bool((y.abs() <= bounds * (1 + 1e-5)).all())
    losses = []
    for a in np.linspace(-1, 1, 41):
        for b in np.linspace(-1, 1, 41):
            movable.move(columns @ (torch.tensor([a, b]) * bounds).float())
            losses.append(movable.mean_loss(images, labels))
    assert max(losses) * (1 - 1e-4) < loss < max(losses) * (1 + 1e-4)
    assert found.converged
    assert found.gradients > 1


def test_the_point_of_a_small_box_is_its_best_corner():
    """One where the bounds of the coordinates differ by much; the wrong sign of one is found out."""
    net = linear_net(6, scale=3.0)
    images, labels = labelled(net, 80, 6)
    movable = MovableNet(net, torch.float32)
    subspace = RandomSubspace(len(movable.centre), 7, generator=torch.Generator().manual_seed(3))
    found = largest_loss_in_subspace(movable, subspace, images, labels, 0.02, 10)
    movable.move(found.displacement)
    loss = movable.mean_loss(images, labels)
    bounds = 0.02 * (subspace.coordinates(movable.centre).abs() + 1)
    losses = []
    for signs in product((-1.0, 1.0), repeat=7):
        movable.move(subspace.expand(torch.tensor(signs) * bounds))
        losses.append(movable.mean_loss(images, labels))
    assert max(losses) * (1 - 1e-5) < loss < max(losses) * (1 + 1e-5)


def test_a_single_iteration_has_not_converged():
    net = linear_net(6)
    images, labels = labelled(net, 80, 6)
    movable = MovableNet(net, torch.float32)
    subspace = RandomSubspace(len(movable.centre), 9, generator=torch.Generator().manual_seed(3))
    assert not largest_loss_in_subspace(movable, subspace, images, labels, EPS, 1).converged


def test_the_gradient_is_that_of_the_loss_by_differences():
    """Its size too: the ascent divides by a gradient, so that a wrong factor would move no end point."""
    net = linear_net(6)
    images, labels = labelled(net, 80, 6)
    movable = MovableNet(net, torch.float32)
    subspace = RandomSubspace(len(movable.centre), 4, generator=torch.Generator().manual_seed(3))
    bound, place, step = np.array([0.5, 1.0, 2.0, 0.1]), np.array([0.2, -0.4, 0.9, 0.0]), 0.05

    def loss(at):
        movable.move(subspace.expand(torch.from_numpy(at * bound)))
        return movable.mean_loss(images, labels)

    _, gradient = loss_at(place, bound, movable, subspace, images, labels)
    units = np.eye(4) * step
    # Of fourth order: the step is large for float32.
    slopes = [
        (8 * (loss(place + u) - loss(place - u)) - loss(place + 2 * u) + loss(place - 2 * u)) / (12 * step)
        for u in units
    ]
    np.testing.assert_allclose(gradient, slopes, rtol=2e-3, atol=2e-5)
    assert np.abs(gradient).max() > 0.01
