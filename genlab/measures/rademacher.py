"""How well a net fits random signs: the empirical Rademacher complexity, from below."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.hardware.devices import arithmetic
from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.computing.value import require_positive
from genlab.models.dropout import Dropout

ZHANG = "Zhang et al. 2017, arXiv:1611.03530"
DROPPING = (Dropout, nn.modules.dropout._DropoutNd)


@measure(paper=ZHANG, equation="Section 2.2, empirical Rademacher complexity", unit="1", cost="passes")
def rademacher_complexity(
    initial_model: nn.Module,
    train_images: Tensor,
    generator: torch.Generator,
    draws: int = 3,
    images: int = 1000,
    epochs: int = 100,
    learning_rate: float = 0.001,
    batch_size: int = 100,
) -> Value:
    """Mean over random signs s of (1/n) sum_i s_i h(x_i), h fitted to them: a lower bound of R_n = E sup_h of that.

    h(x) = sign(f_0(x) - f_1(x)) of the first two outputs, in {-1, 1}, so that it is 1 where every sign is fitted, and
    1 minus twice the error otherwise. The paper's argument: a net that fits random labels has R_n near 1, and then
    bounds by R_n say nothing. The supremum is over all weights; here it is what Adam finds from the initial weights in
    some epochs, the least logistic loss without dropout or weight decay, whatever procedure made the run. So the value
    bounds R_n from below up to its standard error over the draws, and a value below 1 may say that more epochs are
    needed. `converged` says that every sign of every draw was fitted: then the bound is what R_n is at most.

    n is a part of the training set, and R_n falls as n grows: values compare at equal `images` only.

    Args:
        initial_model: not changed.
        train_images: `[N, channels, height, width]`.
        generator: a CPU generator.
        draws: of the signs, each with a fit of its own.
        images: n, the first of a random order; all where there are no more.
        epochs: of each fit at most; it ends where all signs are fitted.
        learning_rate: of Adam.
        batch_size: images a step.

    Raises:
        NotApplicable: a net with one output, or options that are not positive.
    """
    require_positive(draws=draws, images=images, epochs=epochs, learning_rate=learning_rate, batch_size=batch_size)
    order = torch.randperm(len(train_images), generator=generator)[:images].to(train_images.device)
    chosen = train_images[order]
    agreements, steps = [], 0
    for signs in 2 * torch.randint(2, (draws, len(chosen)), generator=generator).to(chosen) - 1:
        fit = _Fit(initial_model, chosen, signs, learning_rate, batch_size)
        with arithmetic("float32"), torch.enable_grad():
            while fit.agreement() < 1 and fit.epochs < epochs:
                fit.epoch(generator)
        agreements.append(fit.agreement())
        steps += fit.steps
    values = torch.tensor(agreements, dtype=torch.float64)
    error = float(values.std()) / draws**0.5 if draws > 1 else None
    fitted = all(agreement == 1 for agreement in agreements)
    return Value(float(values.mean()), standard_error=error, iterations=steps, samples=draws, converged=fitted)


class _Fit:
    """A copy of a net on its way to some signs."""

    def __init__(self, initial: nn.Module, images: Tensor, signs: Tensor, learning_rate: float, batch_size: int):
        self._net = copy.deepcopy(initial).float()
        self._images, self._signs, self._batch_size = images, signs, batch_size
        parameters = [parameter.requires_grad_() for parameter in self._net.parameters()]
        self._optimiser = torch.optim.Adam(parameters, lr=learning_rate)
        self.epochs = self.steps = 0

    def epoch(self, generator: torch.Generator) -> None:
        """A pass over the images in a random order."""
        self._net.train()
        for module in self._net.modules():
            if isinstance(module, DROPPING):
                module.eval()
        order = torch.randperm(len(self._images), generator=generator).to(self._images.device)
        for part in order.tensor_split(list(range(self._batch_size, len(order) - 1, self._batch_size))):
            loss = F.softplus(-self._signs[part] * self._outputs(self._images[part])).mean()
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
            self.steps += 1
        self.epochs += 1

    @torch.no_grad()
    def agreement(self) -> float:
        """(1/n) sum_i s_i h(x_i), a difference of 0 as +1."""
        self._net.eval()
        outputs = torch.cat([self._outputs(part) for part in self._images.split(256)])
        return float((torch.where(outputs >= 0, 1.0, -1.0) * self._signs).double().mean())

    def _outputs(self, images: Tensor) -> Tensor:
        outputs = self._net(images)
        if outputs.shape[1] < 2:
            raise NotApplicable("the net has one output, and the sign is that of a difference of two")
        return outputs[:, 0] - outputs[:, 1]
