"""K nets of one shape as the training loop sees them."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.data.images import centre_crop
from genlab.data.stacked import StackedDataset
from genlab.hardware.devices import arithmetic
from genlab.models.dropout import Dropout
from genlab.training.evaluate import Evaluation
from genlab.training.optimisers.catalogue import build_stacked_optimiser
from genlab.training.together.stacked_mlp import StackedMLP, is_mlp
from genlab.training.together.stacked_module import StackedModule

# Images of all nets together in a batch of an evaluation, as multiples of a single net's batch. Perceptrons that see
# the same images share one product and take a whole batch.
EVALUATION_BATCHES = 4


class StackedNets:
    """`genlab.training.nets.Nets` for many nets: perceptrons by batched matrix products, others by `torch.func`.

    Args:
        models: K nets of one shape, on their device; their weights are copied.
        settings: of the optimiser of each net, as `build_stacked_optimiser` takes them.
        dataset: on the same device.
        evaluation_batch: images a batch of an evaluation.
        bfloat16: forward passes of training under autocast.
    """

    def __init__(
        self,
        models: Sequence[nn.Module],
        settings: Sequence[Mapping[str, Any]],
        dataset: StackedDataset,
        *,
        evaluation_batch: int,
        bfloat16: bool,
    ):
        self._stack = StackedMLP(models) if is_mlp(models[0]) else StackedModule(models)
        self._optimiser = build_stacked_optimiser(self._stack.parameters, settings)
        self._dataset, self._evaluation_batch, self._bfloat16 = dataset, evaluation_batch, bfloat16
        self.device = dataset.rows.device
        self._dropped = _dropout_shapes(models[0], dataset.pool.input_shape, self.device)
        self.draws = bool(self._dropped)
        self._known: Sequence[float] = ()
        self._rates = self._losses = torch.zeros(len(models), device=self.device)
        self._finite = torch.ones(len(models), dtype=torch.bool, device=self.device)

    def __len__(self) -> int:
        return len(self._dataset.rows)

    def step(
        self, batch: tuple[Tensor, Tensor], rates: Sequence[float], generators: Sequence[torch.Generator] | None
    ) -> None:
        """One gradient step of each net: images `[K, b, c, h, w]`, labels `[K, b]`."""
        images, labels = batch
        if rates != self._known:
            self._known, self._rates = rates, torch.tensor(rates, dtype=torch.float32, device=self.device)
        self._optimiser.begin(self._rates)
        uniforms = _uniforms(generators, self._dropped, labels.shape[1]) if generators else []
        self._losses = self._stack.step(images, labels, uniforms, self._optimiser, bfloat16=self._bfloat16)
        self._finite &= torch.isfinite(self._losses)

    def losses(self) -> Tensor:
        """The loss of each net in the last step, `[K]`."""
        return self._losses

    def finite(self) -> list[bool]:
        """Whether all losses of each net were finite."""
        return [bool(fine) for fine in self._finite.tolist()]

    @torch.inference_mode()
    def evaluate(self) -> list[tuple[Evaluation, Evaluation]]:
        """Training set, its corrupted part apart where some labels are corrupted, and test set of each net."""
        dataset, pool = self._dataset, self._dataset.pool
        with arithmetic("float32"):
            loss, wrong = self._over(pool.train_images, dataset.rows, dataset.labels, in_common=dataset.in_common)
            tests = torch.arange(len(pool.test_images), device=self.device).expand(len(loss), -1)
            test_labels = pool.test_labels.expand(len(loss), -1)
            test_loss, test_wrong = self._over(pool.test_images, tests, test_labels, in_common=True)
        corrupted = dataset.corrupted
        on_corrupted, count = (wrong & corrupted).sum(1).tolist(), corrupted.sum(1).tolist()
        found = []
        for index, (train, test) in enumerate(
            zip(zip(loss.tolist(), wrong.sum(1).tolist(), strict=True), _pairs(test_loss, test_wrong), strict=True)
        ):
            size, bad, part = wrong.shape[1], count[index], on_corrupted[index]
            clean = (train[1] - part) / (size - bad) if bad and size > bad else None
            on_train = Evaluation(train[0] / size, train[1] / size, clean, part / bad if bad else None)
            on_test = Evaluation(test[0] / test_wrong.shape[1], test[1] / test_wrong.shape[1])
            found.append((on_train, on_test))
        return found

    def weights(self, index: int) -> dict[str, Tensor]:
        """Parameters and buffers of one net."""
        return {name: tensor[index] for name, tensor in (self._stack.parameters | self._stack.buffers).items()}

    def optimiser_state(self, index: int) -> dict[str, Tensor]:
        """What the optimiser remembers of one net."""
        return self._optimiser.state(index)

    def load(self, index: int, weights: Mapping[str, Tensor], optimiser_state: Mapping[str, Tensor]) -> None:
        """Put back what `weights` and `optimiser_state` gave, here or for a net trained on its own."""
        for name, tensor in (self._stack.parameters | self._stack.buffers).items():
            tensor[index].copy_(weights[name])
        self._optimiser.load(index, optimiser_state)

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with these nets only."""
        chosen = torch.tensor(list(indices), dtype=torch.int64, device=self.device)
        parameters = {name: tensor[chosen] for name, tensor in self._stack.parameters.items()}
        self._stack.replace(parameters, {name: tensor[chosen] for name, tensor in self._stack.buffers.items()})
        self._optimiser.keep(chosen, parameters)
        self._dataset = self._dataset.keep(indices)
        self._losses, self._finite = self._losses[chosen], self._finite[chosen]

    def _over(self, images: Tensor, rows: Tensor, labels: Tensor, *, in_common: bool) -> tuple[Tensor, Tensor]:
        """Summed loss float64 `[K]` and which predictions are wrong `[K, n]`, over the images at `rows` `[K, n]`."""
        pool, nets = self._dataset.pool, len(rows)
        batch = self._evaluation_batch
        if not (in_common and isinstance(self._stack, StackedMLP)):
            batch = max(1, EVALUATION_BATCHES * batch // nets)
        losses = torch.zeros(nets, dtype=torch.float64, device=self.device)
        wrong = []
        for start in range(0, rows.shape[1], batch):
            part = rows[:, start : start + batch]
            chosen = images.index_select(0, part[0] if in_common else part.reshape(-1))
            seen = pool.normalisation(centre_crop(chosen, pool.input_size))
            if not in_common:
                seen = seen.unflatten(0, part.shape)
            logits = self._stack.logits(seen, in_common=in_common)
            targets = labels[:, start : start + batch]
            losses += F.cross_entropy(logits, targets, reduction="none").double().sum(1)
            # `max` finds the same first maximum as `argmax`, ten times faster over a dimension that is not the last.
            wrong.append(logits.max(1).indices != targets)
        return losses, torch.cat(wrong, 1)


def _pairs(losses: Tensor, wrong: Tensor) -> list[tuple[float, int]]:
    return list(zip(losses.tolist(), wrong.sum(1).tolist(), strict=True))


def _uniforms(generators: Sequence[torch.Generator], shapes: Sequence[tuple[int, ...]], batch: int) -> list[Tensor]:
    """For each dropout layer the numbers that each net would draw on its own, `[K, b, ...]`."""
    drawn = [
        [torch.rand((batch, *shape), generator=generator, device=generator.device) for shape in shapes]
        for generator in generators
    ]
    return [torch.stack(layer) for layer in zip(*drawn, strict=True)]


def _dropout_shapes(model: nn.Module, input_shape: tuple[int, int, int], device: torch.device) -> list[tuple[int, ...]]:
    """The shape of one image's activations at each dropout layer, in the order in which they are passed."""
    shapes: list[tuple[int, ...]] = []
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs: shapes.append(tuple(inputs[0].shape[1:])))
        for module in model.modules()
        if isinstance(module, Dropout)
    ]
    if hooks:
        mode = model.training
        with torch.inference_mode():
            model.eval()(torch.zeros(1, *input_shape, device=device))
        model.train(mode)
        for hook in hooks:
            hook.remove()
    return shapes
