"""Stochastic gradient descent: of one net by torch's fused kernel, and of many at once."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from genlab.training.optimisers.stacked import per_net


def sgd(
    parameters: Iterable[Tensor],
    learning_rate: float,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Of one net; weight decay is added to the gradient."""
    return torch.optim.SGD(
        parameters, lr=learning_rate, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay, fused=True
    )


class StackedSGD:
    """Stochastic gradient descent, as `torch.optim.SGD` without dampening.

    With momentum m and weight decay d: v = m v + g + d w, then w = w - r v (nesterov: w - r (g + d w + m v)).

    Args:
        parameters: `[K, ...]` by name.
        weight_decay: `[K]`.
    """

    def __init__(
        self, parameters: Mapping[str, Tensor], weight_decay: Tensor, *, momentum: float = 0.0, nesterov: bool = False
    ):
        self._parameters, self._decay = parameters, weight_decay
        self._decays = bool((weight_decay != 0).any())
        self._momentum, self._nesterov = momentum, nesterov
        self._velocities = {name: torch.zeros_like(p) for name, p in parameters.items()} if momentum else {}
        self._rates = torch.zeros_like(weight_decay)

    def begin(self, rates: Tensor) -> None:
        """Learning rates `[K]` of this step."""
        self._rates = rates

    def update(self, name: str, gradient: Tensor) -> None:
        """One parameter's step."""
        parameter = self._parameters[name]
        if self._decays:
            gradient.addcmul_(parameter, per_net(self._decay, parameter))
        if self._momentum:
            velocity = self._velocities[name].mul_(self._momentum).add_(gradient)
            gradient = gradient.add_(velocity, alpha=self._momentum) if self._nesterov else velocity
        parameter.addcmul_(gradient, per_net(self._rates, parameter), value=-1)

    def update_by_product(self, name: str, left: Tensor, right: Tensor) -> None:
        """One matrix's step; the product is added where it is needed, without a gradient in between."""
        parameter = self._parameters[name]
        if self._nesterov or left.dtype != parameter.dtype:
            self.update(name, torch.bmm(left, right).to(parameter.dtype))
            return
        if self._momentum:
            velocity = self._velocities[name].baddbmm_(left, right, beta=self._momentum)
            if self._decays:
                velocity.addcmul_(parameter, per_net(self._decay, parameter))
            parameter.addcmul_(velocity, per_net(self._rates, parameter), value=-1)
            return
        if self._decays:
            parameter.mul_(per_net(1 - self._rates * self._decay, parameter))
        parameter.baddbmm_(left * per_net(self._rates, left), right, alpha=-1)

    def state(self, index: int) -> dict[str, Tensor]:
        """The velocities of one net."""
        return {f"{number}/momentum_buffer": v[index] for number, v in enumerate(self._velocities.values())}

    def load(self, index: int, state: Mapping[str, Tensor]) -> None:
        """Put velocities back; without momentum there is nothing to."""
        for number, velocity in enumerate(self._velocities.values()):
            if f"{number}/momentum_buffer" in state:
                velocity[index].copy_(state[f"{number}/momentum_buffer"])

    def keep(self, indices: Tensor, parameters: Mapping[str, Tensor]) -> None:
        """Go on with some of the nets."""
        self._parameters, self._decay = parameters, self._decay[indices]
        self._velocities = {name: velocity[indices] for name, velocity in self._velocities.items()}
