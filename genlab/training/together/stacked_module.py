"""K nets of any one shape: stacked parameters and buffers, and `torch.func` over them."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from genlab.models.dropout import Drawn
from genlab.training.optimisers.stacked import StackedOptimiser


class StackedModule:
    """The weights and buffers of K modules, side by side.

    Attributes:
        parameters: `[K, ...]`, by the names of the module.
        buffers: `[K, ...]`, batch-norm statistics; they change in place.

    Args:
        models: of one shape; the first serves as the function and its own weights are not used.
    """

    def __init__(self, models: Sequence[nn.Module]):
        parameters, self.buffers = stack_module_state(list(models))
        self.parameters = {name: tensor.detach() for name, tensor in parameters.items()}
        self._model = models[0]

    def step(
        self,
        images: Tensor,
        labels: Tensor,
        uniforms: Sequence[Tensor],
        optimiser: StackedOptimiser,
        *,
        bfloat16: bool,
    ) -> Tensor:
        """Gradients of the mean cross-entropy of each net, and the optimiser's updates.

        Args:
            images: `[K, b, c, h, w]`.
            labels: `[K, b]`.
            uniforms: for each dropout layer `[K, b, ...]`.
            bfloat16: forward pass under autocast.

        Returns:
            The loss of each net before the update, `[K]`.
        """
        self._model.train()

        def loss(
            parameters: dict[str, Tensor],
            buffers: dict[str, Tensor],
            images: Tensor,
            labels: Tensor,
            uniforms: Sequence[Tensor],
        ) -> Tensor:
            with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
                values = (parameters, buffers)
                logits = functional_call(self._model, values, (images,), {"generator": Drawn(uniforms)})
            return F.cross_entropy(logits.float(), labels)

        gradients, losses = vmap(grad_and_value(loss))(self.parameters, self.buffers, images, labels, list(uniforms))
        for name, gradient in gradients.items():
            optimiser.update(name, gradient.contiguous())
        return losses.detach()

    def logits(self, images: Tensor, *, in_common: bool) -> Tensor:
        """Logits in evaluation mode, classes before images: `[K, classes, b]`.

        Args:
            images: `[K, b, c, h, w]`, or `[b, c, h, w]` where all nets see the same.
        """
        self._model.eval()

        def forward(parameters: dict[str, Tensor], buffers: dict[str, Tensor], images: Tensor) -> Tensor:
            return functional_call(self._model, (parameters, buffers), (images,))

        found: Tensor = vmap(forward, in_dims=(0, 0, None if in_common else 0))(self.parameters, self.buffers, images)
        return found.transpose(1, 2)

    def replace(self, parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor]) -> None:
        """Go on with other tensors of the same names, of another number of nets."""
        self.parameters, self.buffers = dict(parameters), dict(buffers)
