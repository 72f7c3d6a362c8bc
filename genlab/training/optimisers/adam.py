"""Adam: of one net by torch's fused kernel, and of many at once."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from genlab.training.optimisers.stacked import per_net


def adam(
    parameters: Iterable[Tensor],
    learning_rate: float,
    *,
    beta1: float,
    beta2: float,
    epsilon: float,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Of one net; weight decay is added to the gradient."""
    return torch.optim.Adam(
        parameters, lr=learning_rate, betas=(beta1, beta2), eps=epsilon, weight_decay=weight_decay, fused=True
    )


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
            gradient.addcmul_(parameter, per_net(self._decay, parameter))
        mean.lerp_(gradient, 1 - self._betas[0])
        square.mul_(self._betas[1]).addcmul_(gradient, gradient, value=1 - self._betas[1])
        denominator = torch.sqrt(square, out=gradient).div_(per_net(self._roots, parameter)).add_(self._epsilon)
        parameter.addcmul_(mean / denominator, per_net(self._sizes, parameter), value=-1)

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
