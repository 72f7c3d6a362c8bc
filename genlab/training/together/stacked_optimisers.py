"""Optimisers of K nets side by side: the updates of `torch.optim`, with a learning rate and a weight decay a net."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor


class StackedOptimiser(Protocol):
    """Updates stacked parameters `[K, ...]` in place, and remembers what it must for each net."""

    def begin(self, rates: Tensor) -> None:
        """A step begins, with these learning rates `[K]`."""

    def update(self, name: str, gradient: Tensor) -> None:
        """Update one parameter by its gradient `[K, ...]`, which is overwritten."""

    def update_by_product(self, name: str, left: Tensor, right: Tensor) -> None:
        """The same with the gradient `left @ right`, `[K, rows, b]` by `[K, b, columns]`, which need not be formed."""

    def state(self, index: int) -> dict[str, Tensor]:
        """What is remembered of one net, as `optimisers.state_tensors` names it."""

    def load(self, index: int, state: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave, here or for a net trained on its own."""

    def keep(self, indices: Tensor, parameters: Mapping[str, Tensor]) -> None:
        """Go on with these nets only, whose parameters are now the given tensors."""


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
            gradient.addcmul_(parameter, _like(self._decay, parameter))
        if self._momentum:
            velocity = self._velocities[name].mul_(self._momentum).add_(gradient)
            gradient = gradient.add_(velocity, alpha=self._momentum) if self._nesterov else velocity
        parameter.addcmul_(gradient, _like(self._rates, parameter), value=-1)

    def update_by_product(self, name: str, left: Tensor, right: Tensor) -> None:
        """One matrix's step; the product is added where it is needed, without a gradient in between."""
        parameter = self._parameters[name]
        if self._nesterov or left.dtype != parameter.dtype:
            self.update(name, torch.bmm(left, right).to(parameter.dtype))
            return
        if self._momentum:
            velocity = self._velocities[name].baddbmm_(left, right, beta=self._momentum)
            if self._decays:
                velocity.addcmul_(parameter, _like(self._decay, parameter))
            parameter.addcmul_(velocity, _like(self._rates, parameter), value=-1)
            return
        if self._decays:
            parameter.mul_(_like(1 - self._rates * self._decay, parameter))
        parameter.baddbmm_(left * _like(self._rates, left), right, alpha=-1)

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


class StackedAdam:
    """Adam (Kingma and Ba 2015), as `torch.optim.Adam`: weight decay is added to the gradient.

    Args:
        parameters: `[K, ...]` by name.
        weight_decay: `[K]`.
    """

    def __init__(
        self, parameters: Mapping[str, Tensor], weight_decay: Tensor, *, beta1: float, beta2: float, epsilon: float
    ):
        self._parameters, self._decay = parameters, weight_decay
        self._decays = bool((weight_decay != 0).any())
        self._betas, self._epsilon = (beta1, beta2), epsilon
        self._means = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self._squares = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self._steps = torch.zeros_like(weight_decay, dtype=torch.float64)
        self._sizes = self._roots = torch.zeros_like(weight_decay)

    def begin(self, rates: Tensor) -> None:
        """Learning rates `[K]` of this step; the corrections of the two means are the same for all parameters."""
        self._steps += 1
        beta1, beta2 = self._betas
        self._sizes = (rates.double() / (1 - beta1**self._steps)).to(rates.dtype)
        self._roots = (1 - beta2**self._steps).sqrt().to(rates.dtype)

    def update(self, name: str, gradient: Tensor) -> None:
        """One parameter's step."""
        parameter, mean, square = self._parameters[name], self._means[name], self._squares[name]
        if self._decays:
            gradient.addcmul_(parameter, _like(self._decay, parameter))
        mean.lerp_(gradient, 1 - self._betas[0])
        square.mul_(self._betas[1]).addcmul_(gradient, gradient, value=1 - self._betas[1])
        denominator = torch.sqrt(square, out=gradient).div_(_like(self._roots, parameter)).add_(self._epsilon)
        parameter.addcmul_(mean / denominator, _like(self._sizes, parameter), value=-1)

    def update_by_product(self, name: str, left: Tensor, right: Tensor) -> None:
        """One matrix's step; its gradient is squared, so it is formed."""
        self.update(name, torch.bmm(left, right).to(self._parameters[name].dtype))

    def state(self, index: int) -> dict[str, Tensor]:
        """The step and the two means of one net, for each parameter."""
        found: dict[str, Tensor] = {}
        for number, name in enumerate(self._parameters):
            found[f"{number}/step"] = self._steps[index].float()
            found[f"{number}/exp_avg"] = self._means[name][index]
            found[f"{number}/exp_avg_sq"] = self._squares[name][index]
        return found

    def load(self, index: int, state: Mapping[str, Tensor]) -> None:
        """Put them back."""
        for number, name in enumerate(self._parameters):
            if f"{number}/step" in state:
                self._steps[index] = float(state[f"{number}/step"])
                self._means[name][index].copy_(state[f"{number}/exp_avg"])
                self._squares[name][index].copy_(state[f"{number}/exp_avg_sq"])

    def keep(self, indices: Tensor, parameters: Mapping[str, Tensor]) -> None:
        """Go on with some of the nets."""
        self._parameters, self._decay, self._steps = parameters, self._decay[indices], self._steps[indices]
        self._means = {name: mean[indices] for name, mean in self._means.items()}
        self._squares = {name: square[indices] for name, square in self._squares.items()}


def build_stacked_optimiser(
    parameters: Mapping[str, Tensor], settings: Sequence[Mapping[str, Any]]
) -> StackedSGD | StackedAdam:
    """The optimiser of K nets.

    Args:
        settings: of each net, the arguments of `optimisers.build_optimiser`; all equal but for `weight_decay` and
            `learning_rate` (which a schedule sets anew before every step).
    """
    device = next(iter(parameters.values())).device
    decay = torch.tensor([one.get("weight_decay", 0.0) for one in settings], dtype=torch.float32, device=device)
    first = {key: value for key, value in settings[0].items() if key not in ("learning_rate", "weight_decay")}
    name = first.pop("name")
    if name == "sgd":
        return StackedSGD(parameters, decay, **first)
    if name == "adam":
        return StackedAdam(parameters, decay, **first)
    raise ValueError(f"no optimiser named {name!r}")


def _like(values: Tensor, tensor: Tensor) -> Tensor:
    """One value a net, to broadcast over a stacked tensor."""
    return values.view(-1, *[1] * (tensor.dim() - 1))
