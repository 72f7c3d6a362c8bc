"""The largest training loss in a box of a random subspace through a net's parameters, by L-BFGS-B."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.optimize
import torch
from torch import Tensor

from genlab.linalg.random_subspace import RandomSubspace
from genlab.measures.computing.value import NotApplicable
from genlab.models.perturbation import MovableNet


@dataclass(frozen=True)
class SubspacePoint:
    """Where the largest loss was found.

    Attributes:
        displacement: from the net's own parameters, float32 `[omega]`.
        gradients: how many were taken.
        converged: whether L-BFGS-B stopped on its own tolerances and not for the number of iterations.
    """

    displacement: Tensor
    gradients: int
    converged: bool


def largest_loss_in_subspace(
    net: MovableNet, subspace: RandomSubspace, images: Tensor, labels: Tensor, eps: float, iterations: int
) -> SubspacePoint:
    """Maximise L(w + A y) over |y_j| <= eps (|(A^+ w)_j| + 1) from y = 0, L the mean loss of all images.

    Args:
        net: in float32; left where the last loss was computed.
        iterations: at most.
    """
    bound = eps * (subspace.coordinates(net.centre).abs() + 1).cpu().numpy()

    def at(place: np.ndarray) -> tuple[float, np.ndarray]:
        return loss_at(place, bound, net, subspace, images, labels)

    # The tolerances of L-BFGS-B are absolute, and the loss of a net that fits its training set is very flat.
    unit = np.abs(at(np.zeros(len(bound)))[1]).max() or 1.0

    def falling(place: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = at(place)
        return -loss / unit, -gradient / unit

    found = scipy.optimize.minimize(
        falling,
        np.zeros(len(bound)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-1.0, 1.0)] * len(bound),
        options={"maxiter": iterations},
    )
    displacement = subspace.expand(torch.from_numpy(found.x * bound))
    return SubspacePoint(displacement, int(found.nfev) + 1, bool(found.status == 0))


def loss_at(
    place: np.ndarray, bound: np.ndarray, net: MovableNet, subspace: RandomSubspace, images: Tensor, labels: Tensor
) -> tuple[float, np.ndarray]:
    """The loss and its gradient `[dimension]` by a place in units of each coordinate's own bound: all matter alike.

    Args:
        place: y over its bounds, each in [-1, 1].
        bound: of each |y_j|.

    Raises:
        NotApplicable: the loss is not finite there, and so is none that L-BFGS-B could go on from.
    """
    net.move(subspace.expand(torch.from_numpy(place * bound)))
    loss, gradient = net.gradient(images, labels)
    if not math.isfinite(loss):
        raise NotApplicable(f"the loss is not finite everywhere in a box of half-widths {bound.min():.3g} and more")
    return loss, subspace.project(gradient).cpu().numpy() * bound
