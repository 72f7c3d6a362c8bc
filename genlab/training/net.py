"""What the training loop knows of a net: parameters, and a function of them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from genlab.models.dropout import Dropout

Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Net:
    """Parameters and forward passes; one net or many make no difference to the loop.

    Attributes:
        parameters: leaf tensors that require gradients.
        forward: (parameters, images, generator) to logits, in training mode: batch norm uses and updates its batch
            statistics, dropout draws from the generator.
        evaluate: (parameters, images) to logits, in evaluation mode.
        draws: whether the training-mode pass draws random numbers at all.
    """

    parameters: Parameters
    forward: Callable[[Parameters, Tensor, torch.Generator | None], Tensor]
    evaluate: Callable[[Parameters, Tensor], Tensor]
    draws: bool


def single_net(model: nn.Module) -> Net:
    """The loop's view of one module; its buffers (batch-norm statistics) stay in the module and change in place."""
    own: Parameters = dict(model.named_parameters())

    def forward(parameters: Parameters, images: Tensor, generator: torch.Generator | None) -> Tensor:
        _set_mode(model, training=True)
        # The module's own parameters need not be swapped in, which takes 2 to 3 % of a small MLP's step.
        if parameters is own:
            return model(images, generator=generator)
        return functional_call(model, parameters, (images,), {"generator": generator})

    def evaluate(parameters: Parameters, images: Tensor) -> Tensor:
        _set_mode(model, training=False)
        return functional_call(model, parameters, (images,))

    draws = any(isinstance(module, Dropout) for module in model.modules())
    return Net(own, forward, evaluate, draws)


def _set_mode(model: nn.Module, *, training: bool) -> None:
    if model.training != training:
        model.train(training)
