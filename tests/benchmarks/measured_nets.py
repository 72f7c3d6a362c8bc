"""The nets that all benchmarks of measures are about: right on all their images, as a trained net is."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from genlab.config.schema.model import MLPConfig, VGGConfig
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for

CLASSES, DISTANCE = 10, 0.1


@dataclass(frozen=True)
class MeasuredNet:
    """How one is made: He initialisation, no batch norm, labels that are its own answers.

    Attributes:
        width: of the VGG-11, 1 for the original one; None for a perceptron.
        images: how many.
        hidden: units of each layer of the perceptron.
        depth: its hidden layers.
    """

    width: float | None
    images: int
    hidden: int = 512
    depth: int = 2

    @property
    def title(self) -> str:
        """In few letters."""
        if self.width is None:
            return f"MLP {self.hidden}-{self.hidden}" if self.depth == 2 else f"MLP {self.depth}x{self.hidden}"
        return "VGG-11" if self.width == 1 else f"VGG-11 x{self.width:g}"

    @property
    def short(self) -> bool:
        """Whether rounds are so short that a first one, which is slower, would count for much."""
        return self.width is None

    def subject(self) -> "Subject":
        """The net itself."""
        generator = torch.Generator().manual_seed(0)
        config: MLPConfig | VGGConfig
        if self.width is None:
            config, shape = MLPConfig(name="mlp", widths=(self.hidden,) * self.depth), (1, 28, 28)
            images = torch.rand(self.images, *shape, generator=generator)
        else:
            config, shape = VGGConfig(name="vgg", width_multiplier=self.width, batch_norm=False), (3, 32, 32)
            images = torch.randn(self.images, *shape, generator=generator)
        model = build_model(config, shape, CLASSES, generator=generator_for(0, "init")).eval()
        initial = copy.deepcopy(model)
        with torch.no_grad():
            for parameter in initial.parameters():
                scale = DISTANCE * float(parameter.square().mean().sqrt())
                parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=scale)
            logits = torch.cat([model(part) for part in images.split(256)])
            # Else nearly all answers would be the same.
            list(model.modules())[-1].bias -= logits.mean(0)
        return Subject(model, initial, images, (logits - logits.mean(0)).argmax(1))


@dataclass(frozen=True)
class Subject:
    """A net with its images, labels, and a net some way off that stands for its beginning."""

    model: nn.Module
    initial: nn.Module
    images: Tensor
    labels: Tensor


class OnNet:
    """A computation on one net.

    Args:
        compute: from the subject to a small result.
        net: which.
    """

    def __init__(self, compute: Callable[[Subject], Any], net: MeasuredNet):
        self.subject, self.compute = net.subject(), compute
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> Any:
        """The result."""
        return self.compute(self.subject)
