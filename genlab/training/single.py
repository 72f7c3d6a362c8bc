"""One net as the training loop sees it: a module, its optimiser, and its images."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from genlab.data.batches import EpochDraws, TrainBatches
from genlab.data.dataset import Dataset
from genlab.training.evaluate import Evaluation, evaluate_on_both
from genlab.training.net import single_net
from genlab.training.optimisers.state import set_learning_rate, state_tensors
from genlab.training.step import training_step


class SingleNet:
    """`genlab.training.nets.Nets` for one module, trained in place.

    Args:
        model: on its device.
        optimiser: over `model`'s parameters.
        dataset: on the same device, to evaluate on.
        evaluation_batch: images a batch of an evaluation.
        bfloat16: forward passes of training under autocast.
    """

    def __init__(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        dataset: Dataset,
        *,
        evaluation_batch: int,
        bfloat16: bool,
    ):
        self.model, self.optimiser = model, optimiser
        self.net = single_net(model)
        self.device = next(iter(self.net.parameters.values())).device
        self.draws = self.net.draws
        self._loss = torch.zeros((), device=self.device)
        self._finite = torch.ones((), dtype=torch.bool, device=self.device)
        self._dataset, self._evaluation_batch, self._bfloat16 = dataset, evaluation_batch, bfloat16

    def step(
        self, batch: tuple[Tensor, Tensor], rates: Sequence[float], generators: Sequence[torch.Generator] | None
    ) -> None:
        """One gradient step."""
        set_learning_rate(self.optimiser, rates[0])
        images, labels = batch
        generator = generators[0] if generators else None
        self._loss = training_step(
            self.net, self.optimiser, images, labels, generator=generator, bfloat16=self._bfloat16
        )
        self._finite &= torch.isfinite(self._loss)

    def losses(self) -> Tensor:
        """The loss of the last step."""
        return self._loss.view(1)

    def finite(self) -> list[bool]:
        """Whether all losses were finite."""
        return [bool(self._finite.item())]

    def evaluate(self) -> list[tuple[Evaluation, Evaluation]]:
        """Training and test set."""
        return [evaluate_on_both(self.net, self._dataset, self._evaluation_batch)]

    def weights(self, index: int) -> dict[str, Tensor]:
        """The module's state."""
        return self.model.state_dict()

    def optimiser_state(self, index: int) -> dict[str, Tensor]:
        """The optimiser's state."""
        return state_tensors(self.optimiser)

    def keep(self, indices: Sequence[int]) -> None:
        """There is nothing to leave out of one net; when it has ended nobody asks for it again."""


class SingleBatches:
    """`genlab.training.nets.Batches` for one net."""

    def __init__(self, batches: TrainBatches):
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def draw(self, orders: Sequence[torch.Generator], augmentations: Sequence[torch.Generator]) -> EpochDraws:
        """The draws of one epoch."""
        return self._batches.draw(order_generator=orders[0], augmentation_generator=augmentations[0])

    def batch(self, draws: EpochDraws, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Images `[b, c, h, w]` and labels `[b]`."""
        return self._batches.batch(draws, start, stop)

    def keep(self, indices: Sequence[int]) -> None:
        """Nothing to leave out."""
