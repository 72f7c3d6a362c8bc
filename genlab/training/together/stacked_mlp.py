"""K perceptrons of one shape: batched matrix products, and a backward pass written by hand.

Activations are kept with the units first, `[K, units, b]`: the product of weights `[K, units, inputs]` with them is
twice as fast on a CPU as that of `[K, b, inputs]` with transposed weights when there are few units.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.models.dropout import Dropout
from genlab.training.optimisers.stacked import StackedOptimiser


class StackedMLP:
    """The weights of K perceptrons, side by side.

    Attributes:
        parameters: `[K, ...]`, by the names of the module.
        buffers: none.

    Args:
        models: chains of Flatten, then Linear, ReLU and perhaps Dropout any number of times, then Linear.

    Raises:
        ValueError: they are something else; `is_mlp` tells beforehand.
    """

    def __init__(self, models: Sequence[nn.Module]):
        found = _layers(models[0])
        if found is None:
            raise ValueError("not a perceptron")
        self._layers = found
        own = [dict(model.named_parameters()) for model in models]
        self.parameters = {name: torch.stack([one[name].detach() for one in own]) for name in own[0]}
        self.buffers: dict[str, Tensor] = {}

    def step(
        self,
        images: Tensor,
        labels: Tensor,
        uniforms: Sequence[Tensor],
        optimiser: StackedOptimiser,
        *,
        bfloat16: bool,
    ) -> Tensor:
        """Forward, mean cross-entropy, backward, and the optimiser's updates layer by layer.

        Args:
            images: `[K, b, c, h, w]`.
            labels: `[K, b]`.
            uniforms: for each dropout layer `[K, b, units]`.
            bfloat16: products in bfloat16, as autocast does them; the loss and the weights stay float32.

        Returns:
            The loss of each net before the update, `[K]`.
        """
        dtype = torch.bfloat16 if bfloat16 else torch.float32
        inputs, hidden, kept = [images.flatten(2).transpose(1, 2).to(dtype)], [], []
        weights = [self.parameters[f"{number}.weight"].to(dtype) for number, _ in self._layers]
        left = list(uniforms)
        for (number, dropout), weight in zip(self._layers, weights, strict=True):
            units = torch.bmm(weight, inputs[-1])
            if (bias := self.parameters.get(f"{number}.bias")) is not None:
                units += bias.to(dtype).unsqueeze(2)
            if number == self._layers[-1][0]:
                break
            hidden.append(units.relu_())
            kept.append((left.pop(0) >= dropout).to(dtype).transpose(1, 2) / (1 - dropout) if dropout else None)
            inputs.append(units if kept[-1] is None else units * kept[-1])
        losses, gradient = _cross_entropy(units.float(), labels)
        gradient = gradient.to(dtype)
        for place in reversed(range(len(self._layers))):
            number, _ = self._layers[place]
            before = torch.bmm(weights[place].transpose(1, 2), gradient) if place else None
            optimiser.update_by_product(f"{number}.weight", gradient, inputs[place].transpose(1, 2))
            if f"{number}.bias" in self.parameters:
                optimiser.update(f"{number}.bias", gradient.sum(2).float())
            if before is not None:
                if (factor := kept[place - 1]) is not None:
                    before = before * factor
                gradient = torch.ops.aten.threshold_backward(before, hidden[place - 1], 0)
        return losses

    def logits(self, images: Tensor, *, in_common: bool) -> Tensor:
        """Logits in evaluation mode, classes before images: `[K, classes, b]`.

        Args:
            images: `[K, b, c, h, w]`, or `[b, c, h, w]` where all nets see the same.
            in_common: which of the two; the first layers of all nets are then one product.
        """
        units = images.flatten(1 if in_common else 2).transpose(-1, -2)
        for place, (number, _) in enumerate(self._layers):
            weight = self.parameters[f"{number}.weight"]
            if place == 0 and in_common:
                units = (weight.flatten(0, 1) @ units).unflatten(0, weight.shape[:2])
            else:
                units = torch.bmm(weight, units)
            if (bias := self.parameters.get(f"{number}.bias")) is not None:
                units += bias.unsqueeze(2)
            if place + 1 < len(self._layers):
                units.relu_()
        return units

    def replace(self, parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor]) -> None:
        """Go on with other tensors of the same names, of another number of nets."""
        self.parameters, self.buffers = dict(parameters), dict(buffers)


def is_mlp(model: nn.Module) -> bool:
    """Whether `StackedMLP` can take it."""
    return _layers(model) is not None


def _layers(model: nn.Module) -> list[tuple[str, float]] | None:
    """The name of each linear layer and the dropout after its ReLU (0 for none); None for any other net."""
    modules = list(model.named_children())
    if not modules or not isinstance(modules[0][1], nn.Flatten):
        return None
    kinds = [type(module) for _, module in modules[1:]]
    found: list[tuple[str, float]] = []
    place = 1
    while place < len(modules) and isinstance(modules[place][1], nn.Linear):
        following = [module for _, module in modules[place + 1 : place + 3]]
        dropout = following[1].p if len(following) == 2 and isinstance(following[1], Dropout) else 0.0
        found.append((modules[place][0], dropout))
        if place == len(modules) - 1:
            return found
        if kinds[place] is not nn.ReLU:
            return None
        place += 3 if len(following) == 2 and isinstance(following[1], Dropout) else 2
    return None


def _cross_entropy(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of each net, and its gradient with respect to the logits `[K, classes, b]`."""
    labels = labels.unsqueeze(1)
    logarithms = F.log_softmax(logits, 1)
    losses = -logarithms.gather(1, labels).mean((1, 2))
    gradient = logarithms.exp_()
    gradient.scatter_add_(1, labels, torch.full_like(labels, -1, dtype=gradient.dtype))
    return losses, gradient.div_(labels.shape[2])
